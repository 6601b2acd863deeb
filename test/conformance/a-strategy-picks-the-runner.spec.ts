import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LossService } from '../apps/src/conformance/loss.service.js';
import { rule } from '../support/conformance.js';
import { until } from '../support/process-table.js';

rule('A strategy picks the runner', (start) => {
  it.each([
    { strategy: 'spread' as const, loads: [2, 2] },
    { strategy: 'pack' as const, loads: [0, 4] },
  ])('$strategy: four calls on two runners of four slots are $loads', async ({ strategy, loads }) => {
    const { app, file, marks, pool } = await start({ min: 2, max: 2, maxConcurrency: 4, strategy });
    const [log, gate] = [file(), file()];
    const calls = Array.from({ length: 4 }, () => app.get(LossService).held(log, gate));
    await until(() => marks(log).length === 4);
    const stats = pool.stats().runners.map(({ load }) => load);
    expect(stats.toSorted((a, b) => a - b)).toEqual(loads);
    writeFileSync(gate, '');
    await Promise.all(calls);
  });

  it('calls the app’s function with the runners that have a free slot', async () => {
    const asked: number[] = [];
    const { app, file, marks } = await start({
      min: 2,
      max: 2,
      maxConcurrency: 2,
      strategy: (runners) => {
        asked.push(runners.length);
        return runners.toSorted((a, b) => (a.id < b.id ? 1 : -1))[0]!.id;
      },
    });
    const [log, gate] = [file(), file()];
    const calls = Array.from({ length: 3 }, () => app.get(LossService).held(log, gate));
    await until(() => marks(log).length === 3);
    writeFileSync(gate, '');
    const runners = await Promise.all(calls);
    expect(asked).toEqual([2, 2, 1]);
    expect(runners[0]).toBe(runners[1]);
    expect(runners[0]! > runners[2]!).toBe(true);
  });
});
