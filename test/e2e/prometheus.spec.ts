import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { poolMetricTable, runnerMetricTable } from '../../libs/flame/src/metrics/metric-table.js';
import { SpawnedApp } from '../support/spawned-app.js';

const folder = join(import.meta.dirname, '../../libs/flame/observability');

/** Asks Debian's promtool; gives its exit code and all that it says. */
function promtool(args: readonly string[], input = ''): { status: number | null; said: string } {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  if (error) throw error;
  return { status, said: stdout + stderr };
}

describe('the pools’ metrics for Prometheus', () => {
  it('pass promtool, and include every metric', { timeout: 120_000 }, async () => {
    const app = new SpawnedApp('ops/main.js');
    const url = await app.url();
    await fetch(`${url}/call/echo/hello`, { method: 'POST' });
    await fetch(`${url}/call/fail/0`, { method: 'POST' });
    // A map of two calls.
    await fetch(`${url}/call/halves/4`, { method: 'POST' });
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const text = await response.text();
    expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, said: '' });
    for (const { name, type } of [...poolMetricTable, ...runnerMetricTable]) expect(text).toContain(`# TYPE ${name} ${type}`);
    expect(text).toMatch(/^flame_calls_total\{pool="work",outcome="returned"\} 3$/m);
    expect(text).toMatch(/^flame_calls_total\{pool="work",outcome="threw"\} 1$/m);
    expect(text).toMatch(/^flame_call_duration_seconds_bucket\{pool="work",le="\+Inf"\} 4$/m);
    expect(text).toMatch(/^flame_call_duration_seconds_count\{pool="work"\} 4$/m);
    expect(text).toMatch(/^flame_runners\{pool="work",state="ready"\} 1$/m);
    expect(text).toMatch(/^flame_runner_resident_memory_bytes\{pool="work",runner="work-\w+-1"\} \d{8,}$/m);
  });
});

describe('the alert rules', () => {
  it('pass promtool', () => {
    const result = promtool(['check', 'rules', join(folder, 'alerts.yml')]);
    console.log(result.said);
    expect(result).toMatchObject({ status: 0, said: expect.stringContaining('SUCCESS: 7 rules found') });
  });

  it('fire when they should, and not earlier', () => {
    const tests = join(import.meta.dirname, '../support/alerts.test.yml');
    const result = promtool(['test', 'rules', tests]);
    console.log(result.said);
    expect(result).toMatchObject({ status: 0, said: expect.stringContaining('SUCCESS') });
  });
});

/** What a dashboard has that Grafana imports, as far as ours uses it. */
interface Dashboard {
  readonly title: string;
  readonly uid: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly type: string;
    readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
    readonly targets: readonly { readonly refId: string; readonly expr: string }[];
  }[];
}

describe('the Grafana dashboard', () => {
  const dashboard = JSON.parse(readFileSync(join(folder, 'grafana-dashboard.json'), 'utf8')) as Dashboard;
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

  it('has the form that Grafana imports', () => {
    expect(dashboard).toMatchObject({ title: 'nestjs-flame', uid: 'nestjs-flame', schemaVersion: expect.any(Number) });
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['pool', 'query'],
    ]);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { title, type, gridPos, targets } of dashboard.panels) {
      expect([title, type]).toEqual([expect.stringMatching(/./), expect.stringMatching(/^(timeseries|stat)$/)]);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    }
  });

  it('queries only existing metrics, in valid PromQL', () => {
    const names = [...poolMetricTable, ...runnerMetricTable].map(({ name }) => name);
    const asked = new Set(
      expressions.flatMap((expression) => expression.match(/flame_\w+/g) ?? []).map((name) => name.replace(/_bucket$/, '')),
    );
    expect([...asked].filter((name) => !names.includes(name))).toEqual([]);
    const rules = expressions.map((expression, index) => {
      const expr = expression.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '1h').replaceAll('$pool', '.*');
      return `      - record: panel_${index}\n        expr: ${JSON.stringify(expr)}`;
    });
    const folder = mkdtempSync(join(tmpdir(), 'flame-panels-'));
    onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
    const file = join(folder, 'panels.yml');
    writeFileSync(file, `groups:\n  - name: panels\n    rules:\n${rules.join('\n')}\n`);
    expect(promtool(['check', 'rules', file])).toMatchObject({
      status: 0,
      said: expect.stringContaining(`SUCCESS: ${rules.length} rules found`),
    });
  });
});
