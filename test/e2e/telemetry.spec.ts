import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Collector } from '../support/collector.js';
import { childrenOf, until } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';

const app = join(import.meta.dirname, '../apps/dist/telemetry');

async function start(pools: string, collector: Collector, env: Record<string, string>): Promise<SpawnedApp> {
  const told = { POOLS: pools, COLLECTOR: await collector.url(), ...env };
  const parent = new SpawnedApp('--import', told, 'ignore', [], join(app, 'instrumentation.js'), join(app, 'main.js'));
  await parent.line(/^\[parent\] has called/);
  return parent;
}

/** What the runners of a pool are to export: two spans for each call, and one for the end of each runner. */
const of = (pool: string, calls: number, runners: number): string[] => [
  ...Array.from({ length: calls }, () => [`work ${pool}`, `flame.run ${pool}`]).flat(),
  ...Array<string>(runners).fill(`end ${pool}`),
];

describe('An OpenTelemetry SDK with a batch processor, loaded by --import', () => {
  it(
    'exports every span of runners that idle out, are for a single use, are drained or end with their parent',
    { timeout: 120_000 },
    async () => {
      const collector = new Collector();
      const parent = await start('single-use drained idle kept', collector, { CALLS: '5', TRACING: '1' });
      const ended = [...of('single-use', 5, 5), ...of('drained', 5, 1), ...of('idle', 5, 1)];
      await collector.has(ended.length);
      expect(collector.spans.toSorted()).toEqual(ended.toSorted());
      parent.process.kill('SIGTERM');
      await collector.has(ended.length + 11);
      expect(collector.spans.slice(ended.length).toSorted()).toEqual(of('kept', 5, 1).toSorted());
    },
  );

  it('exports every span of a runner whose parent is killed', { timeout: 60_000 }, async () => {
    const collector = new Collector();
    const parent = await start('kept', collector, { CALLS: '2', TRACING: '1' });
    expect(collector.spans).toEqual([]);
    parent.process.kill('SIGKILL');
    await collector.has(5);
    expect(collector.spans.toSorted()).toEqual(of('kept', 2, 1).toSorted());
  });

  it('delays no runner for longer than five seconds, and needs no option', { timeout: 60_000 }, async () => {
    const collector = new Collector('silent');
    const parent = await start('idle', collector, { CALLS: '1' });
    await collector.has(2);
    const began = performance.now();
    expect(collector.spans).toEqual(['work idle', 'end idle']);
    await parent.line(/WARN.* the last OpenTelemetry data of this runner may be lost: the export took longer than 5000 ms/);
    await until(() => childrenOf(parent.pid).length === 0);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
