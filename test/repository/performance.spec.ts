import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documented } from '../../bench/src/document.js';
import type { Report } from '../../bench/src/document.js';
import { judge } from '../../bench/src/gates.js';
import type { Row } from '../../bench/src/results.js';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/performance.md'), 'utf8');
const report = JSON.parse(readFileSync(join(root, 'bench/documented.json'), 'utf8')) as Report;

const row = (name: string, ratio: string, median: number, [min, max]: [number, number]): Row => ({
  name,
  unit: 'calls/s',
  figures: {},
  ratios: { [ratio]: { median, min, max, values: [] } },
});

describe('docs/performance.md', () => {
  it('gives the figures of bench/documented.json', () => {
    if (report.rows.length > 0) expect(documented(page, report)).toBe(page);
    else expect(page).toContain('None were taken yet');
  });
});

describe('judge', () => {
  const promised = [row('256 callers', 'flame/batched', 0.6, [0.5, 0.7]), row('cold start', 'flame/own boot', 1.0, [0.9, 1.1])];

  it('takes two thirds of what is documented for lost, in the best round', () => {
    const lost = (rows: Row[]): string[] => judge(rows, promised).flatMap((one) => (one.lost ? [one.gate.row] : []));
    expect(lost([row('256 callers', 'flame/batched', 0.2, [0.1, 0.41])])).toEqual([]);
    expect(lost([row('256 callers', 'flame/batched', 0.3, [0.2, 0.39])])).toEqual(['256 callers']);
    expect(lost([row('cold start', 'flame/own boot', 3, [1.49, 4])])).toEqual([]);
    expect(lost([row('cold start', 'flame/own boot', 3, [1.51, 4])])).toEqual(['cold start']);
  });
});
