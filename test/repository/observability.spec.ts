import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { poolMetricTable, runnerMetricTable } from '../../libs/flame/src/metrics/metric-table.js';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/observability.md'), 'utf8');
const section = (title: string): string => page.split(`\n## ${title}\n`)[1]!.split('\n## ')[0]!;
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1]!).sort();

describe('docs/observability.md', () => {
  it('names every metric, and no other', () => {
    const names = [...poolMetricTable, ...runnerMetricTable].map(({ name }) => name).sort();
    expect(all(section('Prometheus'), /`(flame_\w+)`/g)).toEqual(names);
  });

  it('names every event, and no other', () => {
    const type = readFileSync(join(root, 'libs/flame/src/parent/pool-notice.ts'), 'utf8');
    const events = all(type, /readonly is: ([^;]+);/g).flatMap((union) => all(union, /'([\w-]+)'/g));
    const named = all(section('Events').split(': ').slice(1).join(), /`([\w-]+)`/g);
    expect(named).toEqual(events.sort());
  });

  it('names every option of ops', () => {
    const type = readFileSync(join(root, 'libs/flame/src/nest/ops-option.ts'), 'utf8');
    const options = all(type.split('export interface FlameOpsOptions {')[1]!.split('\n}')[0]!, /^ {2}(\w+)\?:/gm);
    expect(all(section('Health and numbers over gRPC'), /^\| `(\w+)` +\|/gm)).toEqual(options);
  });
});
