import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PoolRig } from '../support/pool-rig.js';
import { document, table } from '../support/documents.js';
import { poolMetricTable, runnerMetricTable } from '../../libs/flame/src/metrics/metric-table.js';

const root = join(import.meta.dirname, '../..');
const page = document('docs/observability.md');
const section = (text: string, title: string): string => text.split(`\n## ${title}\n`)[1]!.split('\n## ')[0]!;
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1]!).sort();

describe('docs/observability.md', () => {
  it('names every metric, and no other', () => {
    const names = [...poolMetricTable, ...runnerMetricTable].map(({ name }) => name).sort();
    expect(all(section(page, 'Prometheus'), /`(flame_\w+)`/g)).toEqual(names);
  });

  it('names every value that a label has, and no other', async () => {
    const metrics = new PoolRig({ echo: () => 1 }).pool.metrics();
    const labels = poolMetricTable.flatMap((row) =>
      ('samples' in row ? row.samples(metrics) : []).flatMap((sample) =>
        Object.entries(sample.labels).map(([label, value]) => `${row.name} ${label} ${value}`),
      ),
    );
    const named = table(page, 'Prometheus').flatMap(([names, cell]) => {
      const [label, values] = cell!.split(': ').map((part) => all(part, /`(\w+)`/g));
      return (values ?? []).flatMap((value) => all(names!, /`(flame_\w+)`/g).map((name) => `${name} ${label![0]} ${value}`));
    });
    // A row may name metrics that do not have its label.
    const having = new Set(labels.map((text) => text.split(' ')[0]));
    expect(named.filter((text) => having.has(text.split(' ')[0])).sort()).toEqual(labels.sort());
  });

  it("leaves OpenTelemetry's default port to its SDK", () => {
    for (const text of [
      'README.md',
      ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((file) => `docs/${file}`),
    ])
      if (text.endsWith('.md')) expect(readFileSync(join(root, text), 'utf8'), text).not.toContain('9464');
  });
});

describe('docs/observability/logs.md', () => {
  it('names every event, and no other', () => {
    const type = readFileSync(join(root, 'libs/flame/src/pool/observe/pool-event.ts'), 'utf8');
    const events = all(type, /readonly type: ([^;]+);/g).flatMap((union) => all(union, /'([\w-]+)'/g));
    const [list] = section(document('docs/observability/logs.md'), 'Events').split('`: ')[1]!.split('. ');
    const named = all(list!, /`([\w-]+)`/g);
    expect(named).toEqual(events.sort());
  });
});

describe('docs/observability/health.md', () => {
  it('names every option of ops', () => {
    const type = readFileSync(join(root, 'libs/flame/src/nest/module/ops-option.ts'), 'utf8');
    const options = all(type.split('export interface FlameOpsOptions {')[1]!.split('\n}')[0]!, /^ {2}(\w+)\?:/gm);
    expect(all(section(document('docs/observability/health.md'), 'Health checks and metrics over gRPC'), /^\| `(\w+)` +\|/gm)).toEqual(
      options,
    );
  });
});
