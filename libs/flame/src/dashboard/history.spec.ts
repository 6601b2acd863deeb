import { describe, expect, it } from 'vitest';
import type { PoolMetrics } from '../core/metrics/pool-metrics.js';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { CpuShares, PoolHistory, samplesKept } from './history.js';

describe('PoolHistory', () => {
  it('contains the changes since the last sample', async () => {
    const rig = new PoolRig({
      'A.run': () => 1,
      'A.fails': () => {
        throw new Error('no');
      },
    });
    await rig.call('A.run');
    const history = new PoolHistory(rig.pool.metrics());
    expect(history.take(rig.pool.metrics())).toMatchObject({ ok: 0, failed: 0, ready: 1, paid: 0, ran95: undefined, waited95: undefined });
    await rig.call('A.run');
    await rig.call('A.fails').catch(() => undefined);
    await rig.clock.advance(4_000);
    const sample = history.take(rig.pool.metrics());
    expect(sample).toMatchObject({ ok: 1, failed: 1, paid: 4 });
    expect(sample.ran95).toBeGreaterThanOrEqual(0);
    await rig.pool.drain();
  });

  it('keeps the samples of an hour', () => {
    const rig = new PoolRig({ 'A.run': () => 1 });
    const history = new PoolHistory(rig.pool.metrics());
    for (let n = 0; n < samplesKept + 5; n++) history.take({ ...rig.pool.metrics(), at: n });
    expect(history.samples).toHaveLength(samplesKept);
    expect(history.samples.at(-1)!.at).toBe(samplesKept + 4);
  });
});

describe('CpuShares', () => {
  const told = (cpu: number): PoolMetrics['perRunner'] => [{ runner: 'r1', processStats: { cpu } } as PoolMetrics['perRunner'][number]];

  it("compares a runner's CPU time with the previous one", () => {
    const shares = new CpuShares();
    shares.take(told(1_000), 0);
    expect(shares.of('r1')).toBeUndefined();
    shares.take(told(2_500), 3_000);
    expect(shares.of('r1')).toBe(0.5);
    shares.take(told(2_500), 3_500);
    expect(shares.of('r1')).toBe(0.5);
    shares.take([], 4_000);
    expect(shares.of('r1')).toBeUndefined();
  });
});
