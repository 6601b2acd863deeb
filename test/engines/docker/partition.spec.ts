import { expect, it } from 'vitest';
import { rule } from '../../support/conformance.js';
import { until } from '../../support/process-table.js';
import { docker, testNetwork } from './cli.js';

rule('A container that is cut off from the network comes back to its session', (start) => {
  it('finishes the running calls once, when the network is back in time', async () => {
    const { work, file, marked, marks, pool } = await start({ max: 1, bootTimeout: 60_000 }, { reconnectTimeout: 60_000 });
    const log = file();
    const call = work.work(log, 4_000);
    const { runner } = await marked(log, 'begin');
    const { machine } = pool.stats().runners[0]!;
    await docker('network', 'disconnect', testNetwork, machine!);
    // It ends in the dark: its result waits for the session to be resumed.
    await marked(log, 'end');
    expect(pool.stats().running).toBe(1);
    await docker('network', 'connect', testNetwork, machine!);
    expect(await call).toBe(runner);
    expect(marks(log).map(({ what }) => what)).toEqual(['begin', 'end']);
    expect(await work.runner()).toBe(runner);
  });

  it('fails them as lost when it stays away, and removes the container', async () => {
    const { work, file, marked, pool, gone } = await start({ max: 1, bootTimeout: 60_000 }, { reconnectTimeout: 2_000 });
    const log = file();
    const call = work.work(log, 60_000).catch((error: unknown) => error);
    const { runner } = await marked(log, 'begin');
    await docker('network', 'disconnect', testNetwork, pool.stats().runners[0]!.machine!);
    expect(await call).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
    await gone(runner);
    await until(() => pool.stats().runners.length === 0);
  });
});
