import type { Figure } from './figures.js';
import type { Row } from './results.js';

/** A Markdown table for each topic, with a row for each quantity: medians, and half of the largest range between rounds. At most 120 columns wide. */
export function tables(rows: readonly Row[]): string {
  const topics = [...new Set(rows.map(({ topic }) => topic))];
  return topics
    .map((topic) =>
      table(
        topic,
        rows.filter((row) => row.topic === topic),
      ),
    )
    .join('\n\n');
}

/** The ratios with a given name, in one Markdown table: medians, and the range between rounds. */
export function ratioTable(rows: readonly Row[], holds: string): string {
  const lines = rows.flatMap(({ topic, name, unit, ratios }) =>
    Object.entries(ratios)
      .filter(([ratio]) => ratio.includes(holds))
      .map(([ratio, { median, min, max }]) => [topic, name, unit, ratio, median.toFixed(2), `${min.toFixed(2)} to ${max.toFixed(2)}`]),
  );
  return aligned([['topic', 'measure', 'unit', 'ratio', 'median', 'rounds'], ...lines], 4);
}

function table(topic: string, rows: readonly Row[]): string {
  const contestants = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const lines = rows.map(({ name, unit, figures }) => [
    name,
    unit,
    ...contestants.map((contestant) => show(figures[contestant])),
    spread(figures),
  ]);
  return aligned([[topic, 'unit', ...contestants, '±'], ...lines], 2);
}

/** Formats cells as a Markdown row; the first `left` columns are aligned to the left. */
function aligned([head, ...lines]: readonly (readonly string[])[], left: number): string {
  const widths = head!.map((_, column) => Math.max(3, ...[head!, ...lines].map((cells) => cells[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column < left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column < left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head!), line(rule), ...lines.map(line)].join('\n');
}

function show(figure: Figure | undefined): string {
  if (figure === undefined) return '';
  return figure.median.toLocaleString('en', { maximumFractionDigits: figure.median < 1000 ? 1 : 0 });
}

function spread(figures: Row['figures']): string {
  const largest = Math.max(...Object.values(figures).map(({ median, min, max }) => (max - min) / 2 / median));
  return `${Math.round(largest * 100)}%`;
}
