import type { Gate } from './gates.js';
import { find, gates } from './gates.js';
import type { Row } from './results.js';
import { tables } from './table.js';

/** The report of a run: `out/bench/bench.json`, and `bench/documented.json` for the figures in docs/measurements/performance.md. */
export interface Report {
  readonly date: string;
  readonly machine: { readonly cpus: number; readonly model: string; readonly node: string; readonly platform: string };
  readonly rounds: number;
  readonly duration: number;
  readonly rows: readonly Row[];
}

const begin = '<!-- figures, written by `npm run bench -- --document` -->\n<!-- prettier-ignore-start -->';
const end = '<!-- prettier-ignore-end -->';

/** Returns the page with the report's figures between its marks. */
export function documented(page: string, report: Report): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/measurements/performance.md has no place for figures, between ${begin} and ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${figures(report)}\n\n${page.slice(to)}`;
}

/** Removes the figures of single rounds, which only `out/bench/bench.json` keeps. */
export function abridged(report: Report): Report {
  const short = (figures: Row['figures']): Row['figures'] =>
    Object.fromEntries(
      Object.entries(figures).map(([name, { median, min, max }]) => [
        name,
        { median: brief(median), min: brief(min), max: brief(max), values: [] },
      ]),
    );
  return { ...report, rows: report.rows.map((row) => ({ ...row, figures: short(row.figures), ratios: short(row.ratios) })) };
}

function figures({ date, machine, rounds, duration, rows }: Report): string {
  const summary = [
    '| what | ratio | target | measured |',
    '| ---- | ----- | -----: | -------: |',
    ...gates.map((gate) => `| ${gate.row} | ${gate.ratio} | ${gate.more ? '≥' : '≤'} ${gate.target} | ${shown(rows, gate)} |`),
  ];
  const where = `${date.slice(0, 10)}, ${machine.cpus} × ${machine.model}, Node ${machine.node.replace(/^v/, '')}, ${rounds} rounds of ${duration} ms.`;
  return [where, '', ...summary, '', 'All medians; ± is half of the largest range between the rounds:', '', tables(rows)].join('\n');
}

function shown(rows: readonly Row[], gate: Gate): string {
  const figure = find(rows, gate);
  return figure === undefined ? '–' : `${figure.median.toPrecision(3)} (${figure.min.toPrecision(3)} to ${figure.max.toPrecision(3)})`;
}

function brief(value: number): number {
  return Number(value.toPrecision(4));
}
