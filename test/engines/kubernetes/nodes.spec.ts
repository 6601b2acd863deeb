import { afterEach, expect, it } from 'vitest';
import { runnerEntry } from '../../support/trial-backends.js';
import { rule } from '../../support/conformance.js';
import { until } from '../../support/process-table.js';
import { cordon, evict, podsWith } from './cluster.js';
import { mounted, namespace } from './trial.js';

/** One pod more at most on one node than on the other. */
const spread = {
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'nestjs-flame' } },
    },
  ],
};

/** The machines of a pool, by the node that they are on. */
async function nodes(): Promise<Map<string, string[]>> {
  const on = new Map<string, string[]>();
  for (const { metadata, spec } of await podsWith('nestjs-flame/pool=p', namespace))
    on.set(spec!.nodeName!, [...(on.get(spec!.nodeName!) ?? []), metadata!.name!]);
  return on;
}

rule('A pool of pods spreads over nodes', (start) => {
  afterEach(() => cordon('node2', false));

  it('runs on both nodes, and on the remaining one when the other is drained', async () => {
    const backend = mounted(runnerEntry, {}, spread);
    const { work, file, marks, pool } = await start({ max: 4, maxConcurrency: 1, bootTimeout: 90_000, queueTimeout: 90_000 }, { backend });
    const log = file();
    const calls = Array.from({ length: 4 }, () => work.work(log, 8_000));
    await until(() => marks(log).filter(({ what }) => what === 'begin').length === 4);
    const before = await nodes();
    expect([...before.keys()].sort()).toEqual(['node1', 'node2']);
    expect([...before.values()].map((pods) => pods.length)).toEqual([2, 2]);

    // As kubectl drain does it: no new pods, then an eviction of each that is there.
    await cordon('node2', true);
    const drained = before.get('node2')!;
    await Promise.all(drained.map((pod) => evict(pod, namespace)));
    // Their runners are told to leave, and finish what they have begun.
    expect(new Set(await Promise.all(calls)).size).toBe(4);
    await until(async () => !(await nodes()).has('node2'));
    const again = await Promise.all(Array.from({ length: 4 }, () => work.work(file(), 2_000)));
    expect(new Set(again).size).toBeGreaterThan(1);
    expect([...(await nodes()).keys()]).toEqual(['node1']);
    expect(pool.stats().runners.every(({ machine }) => !drained.includes(machine!))).toBe(true);
  });
});
