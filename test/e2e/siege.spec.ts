import { describe, expect, it } from 'vitest';
import { besiege, faultsOf } from '../siege/besiege.js';

/** `FLAME_SIEGE_MINUTES=10` for longer, or npm run siege -- chaos. */
const minutes = Number(process.env['FLAME_SIEGE_MINUTES'] ?? 0.75);

describe('Runners that are killed, stopped, blocked and short of memory, under a parent that is blocked now and then', () => {
  it('cost no call its answer, run none twice and leave nothing', { timeout: minutes * 60_000 + 240_000 }, async () => {
    const report = await besiege({ minutes, callers: 12, pause: 20, troubleEvery: 1_500, seed: 1 });
    expect(faultsOf(report)).toEqual([]);
    const { calls, troubles, atTheEnd, samples } = report;
    console.info(JSON.stringify({ started: calls.started, settled: calls.settled, handlerRuns: calls.handlerRuns, troubles }));
    expect(Object.values(calls.settled).reduce((sum, count) => sum + count, 0)).toBe(calls.started);
    expect(calls.started).toBeGreaterThan(20);
    expect(Object.values(troubles).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(minutes * 10);
    expect(atTheEnd.heap).toBeLessThan(samples[0]!.heap + 15);
    expect(atTheEnd.descriptors).toBeLessThanOrEqual(samples[0]!.descriptors + 2);
  });
});
