import type { Figure } from './figures.js';
import type { Row } from './results.js';

/** Rows as a Markdown table: medians, with half the range between the rounds' extremes. */
export function table(rows: readonly Row[]): string {
  const contestants = columns(rows, ({ figures }) => figures);
  const ratios = columns(rows, ({ ratios }) => ratios);
  const cells = [
    ['', 'unit', ...contestants, ...ratios],
    ...rows.map((row) => [
      row.name,
      row.unit,
      ...contestants.map((name) => show(row.figures[name], row.unit === 'calls/s' ? 0 : 1)),
      ...ratios.map((name) => show(row.ratios[name], 2)),
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map(
    (row) => `| ${row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

function columns(rows: readonly Row[], of: (row: Row) => object): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(of(row))))];
}

function show(figure: Figure | undefined, digits: number): string {
  if (figure === undefined) return '';
  const { median, min, max } = figure;
  const spread = Math.round(((max - min) / 2 / median) * 100);
  return `${median.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ±${spread}%`;
}
