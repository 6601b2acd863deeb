import { describe, expect, it } from 'vitest';
import { runStressTest, violationsOf } from '../stress/stress-test.js';

/** `FLAME_STRESS_MINUTES=10` for longer, or npm run stress -- faults. */
const minutes = Number(process.env['FLAME_STRESS_MINUTES'] ?? 0.5);

/** A quarter of what a machine does in half a minute that has nothing else to do; a busy one takes longer for them. */
const calls = 500;

const places = [
  { where: 'on this host', farHosts: 0, kinds: 7, ways: ['unix'] },
  {
    where: 'on two far hosts, whose networks are cut, late and lossy',
    farHosts: 2,
    kinds: 14,
    ways: ['10.77.1.1 over TLS', '10.77.2.1 over TLS'],
  },
];

for (const { where, farHosts, kinds, ways } of places) {
  describe(`Runners ${where}, that are killed, stopped, blocked and short of memory, under a parent that is blocked`, () => {
    it('lose no answer, run no call twice and leave nothing', { timeout: minutes * 60_000 + 300_000 }, async () => {
      const report = await runStressTest({ minutes, calls, callers: 12, pause: 20, faultEvery: 1_500, farHosts, seed: 1 });
      expect(violationsOf(report)).toEqual([]);
      const { started, settled, handlerRuns } = report.calls;
      console.info(JSON.stringify({ started, settled, handlerRuns, faults: report.faults, ways: report.ways }));
      expect(Object.values(settled).reduce((sum, count) => sum + count, 0)).toBe(started);
      expect(settled['returned, ran: yes']).toBeGreaterThanOrEqual(calls);
      expect(Object.keys(report.faults)).toHaveLength(kinds);
      expect(Object.keys(report.ways).sort()).toEqual(ways);
      const { atTheEnd, samples } = report;
      expect(atTheEnd.heap).toBeLessThan(samples[0]!.heap + 15);
      expect(atTheEnd.descriptors).toBeLessThanOrEqual(samples[0]!.descriptors + 2);
    });
  });
}
