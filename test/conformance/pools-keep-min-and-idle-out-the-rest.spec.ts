import { expect, it } from 'vitest';
import { rule } from '../support/conformance.js';
import { until } from '../support/process-table.js';

rule('Pools keep min and idle out the rest', (start, { isolated }) => {
  it('has its min runners up before the app counts as started', async () => {
    const { pool } = await start({ min: 2, max: 3 });
    expect(pool.stats().runners.map(({ state }) => state)).toEqual(['ready', 'ready']);
  });

  it('grows above min under load and goes back to it when idle', async () => {
    const { work, file, pool } = await start({ min: 1, max: 3, maxConcurrency: 1, idleShutdownAfter: 200 });
    const log = file();
    await Promise.all([work.work(log, 300), work.work(log, 300), work.work(log, 300)]);
    await until(() => pool.stats().runners.length === 1);
    expect(pool.stats().runners).toMatchObject([{ state: 'ready' }]);
  });

  it('replaces a min runner that is gone', async () => {
    // LocalBackend's runner is this process.
    if (!isolated) return;
    const { work, pool } = await start({ min: 1, max: 1 });
    const before = await work.runner();
    await work.kill('SIGKILL').catch(() => undefined);
    await until(() => pool.stats().runners.some(({ state }) => state === 'ready'));
    expect(await work.runner()).not.toBe(before);
  });

  it('asks the app’s check before a runner idles out', async () => {
    // The check of the runner's own app decides: LocalBackend's runner is this app.
    if (isolated) return;
    let idle = false;
    let asked = 0;
    const { work, pool } = await start({
      idleShutdownAfter: {
        after: 50,
        check: () => {
          asked += 1;
          return idle;
        },
      },
    });
    await work.pid();
    await until(() => asked >= 2);
    expect(pool.stats().runners).toHaveLength(1);
    idle = true;
    await until(() => pool.stats().runners.length === 0);
  });

  it('uses a single-use runner once and refills', async () => {
    const { work } = await start({ singleUse: true, min: 1, max: 2 });
    const runners = new Set([await work.runner(), await work.runner(), await work.runner()]);
    expect(runners.size).toBe(3);
  });
});
