import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documented } from '../../bench/src/document.js';
import type { Report } from '../../bench/src/document.js';
import { judge } from '../../bench/src/gates.js';
import type { Row } from '../../bench/src/results.js';
import { againstOther, groups } from '../../bench/src/scenarios.js';
import { ratioTable, tables } from '../../bench/src/table.js';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/measurements/performance.md'), 'utf8');
const report = JSON.parse(readFileSync(join(root, 'bench/documented.json'), 'utf8')) as Report;

const row = (name: string, ratio: string, median: number, [min, max]: [number, number]): Row => ({
  topic: 'Calls',
  name,
  unit: 'calls/s',
  figures: {},
  ratios: { [ratio]: { median, min, max, values: [] } },
});

describe('docs/measurements/performance.md', () => {
  it('contains the figures of bench/documented.json', () => {
    if (report.rows.length > 0) expect(documented(page, report)).toBe(page);
    else expect(page).toContain('None were taken yet');
  });
});

describe('tables', () => {
  it('fit a terminal of 120 columns, with a table for each topic and a line for each measure', () => {
    const lines = tables(report.rows).split('\n');
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
    const topics = new Set(report.rows.map(({ topic }) => topic)).size;
    expect(lines.filter((line) => line.startsWith('|'))).toHaveLength(report.rows.length + 2 * topics);
    expect(lines.filter((line) => line === '')).toHaveLength(topics - 1);
  });
});

describe('--against', () => {
  it('measures our contestants of each group beside those of the other checkout', () => {
    const compared = groups.map(againstOther).flatMap(({ scenarios }) => scenarios);
    expect(compared.find(({ name }) => name === '256 callers')?.contestants).toEqual(['flame', 'other flame']);
    expect(compared.find(({ name }) => name === '1 caller, 1 MiB')?.contestants).toEqual([
      'flame',
      'other flame',
      'stream',
      'other stream',
    ]);
    expect(compared.filter(({ contestants }) => contestants.length === 0)).toEqual([]);
  });

  it('prints only the ratios to it', () => {
    const compared = { ...row('256 callers', 'flame/other flame', 0.957, [0.9, 1.1]), topic: 'Calls' };
    expect(ratioTable([compared, row('256 callers', 'flame/batched', 0.4, [0.3, 0.5])], 'other ').split('\n')).toEqual([
      '| topic | measure     | unit    | ratio             | median |       rounds |',
      '| ----- | ----------- | ------- | ----------------- | -----: | -----------: |',
      '| Calls | 256 callers | calls/s | flame/other flame |   0.96 | 0.90 to 1.10 |',
    ]);
  });
});

describe('judge', () => {
  const lost = (rows: Row[], documented: Row[]): string[] => judge(rows, documented).flatMap((one) => (one.lost ? [one.gate.row] : []));

  it('fails below two thirds of the documented ratio, in the best round', () => {
    const promised = [row('256 callers', 'flame/batched', 0.3, [0.2, 0.4]), row('cold start', 'flame/own boot', 2, [1.9, 2.1])];
    expect(lost([row('256 callers', 'flame/batched', 0.1, [0.1, 0.21])], promised)).toEqual([]);
    expect(lost([row('256 callers', 'flame/batched', 0.1, [0.1, 0.19])], promised)).toEqual(['256 callers']);
    expect(lost([row('cold start', 'flame/own boot', 4, [2.99, 5])], promised)).toEqual([]);
    expect(lost([row('cold start', 'flame/own boot', 4, [3.01, 5])], promised)).toEqual(['cold start']);
  });

  it('uses the target, 0.4 and 1.15, if the documented ratio is better', () => {
    const promised = [row('256 callers', 'flame/batched', 0.6, [0.5, 0.7]), row('cold start', 'flame/own boot', 1.0, [0.9, 1.1])];
    expect(lost([row('256 callers', 'flame/batched', 0.2, [0.1, 0.27])], promised)).toEqual([]);
    expect(lost([row('256 callers', 'flame/batched', 0.2, [0.1, 0.26])], promised)).toEqual(['256 callers']);
    expect(lost([row('cold start', 'flame/own boot', 3, [1.72, 4])], promised)).toEqual([]);
    expect(lost([row('cold start', 'flame/own boot', 3, [1.73, 4])], promised)).toEqual(['cold start']);
  });
});
