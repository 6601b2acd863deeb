import { expect, it } from 'vitest';
import { WorkService } from '../apps/src/conformance/work.service.js';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';
import { until } from '../support/process-table.js';

rule('Deadlines end work', (start) => {
  it('rejects the call on time and aborts the handler', async () => {
    const { work, flame, file, marked, pool } = await start();
    const log = file();
    // A runner is up, so that the time is the handler's.
    await work.pid();
    const error = await failure(flame.on('p', WorkService, { timeout: 3_000 }).work(log, 60_000));
    expect(error).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
    await marked(log, 'abort');
    await until(() => pool.stats().running === 0);
    expect(pool.stats().runners).toMatchObject([{ state: 'ready' }]);
  });

  it('replaces a runner whose handler ignores its abort', async () => {
    const { work, flame, file, marked, pool, gone } = await start({ max: 1, maxConcurrency: 1 });
    const first = await work.runner();
    const log = file();
    const error = await failure(flame.on('p', WorkService, { timeout: 200 }).deaf(log, 8_000));
    expect(error).toMatchObject({ code: 'FLAME_TIMEOUT' });
    expect((await marked(log, 'begin')).runner).toBe(first);
    expect(await work.runner()).not.toBe(first);
    await gone(first);
    expect(pool.stats().runners).toHaveLength(1);
  });

  it('reports that a call waited, when it got no slot in time', async () => {
    const { work, flame, file, marked } = await start({ max: 1, maxConcurrency: 1 });
    const log = file();
    const running = work.work(log, 1_000);
    await marked(log, 'begin');
    const error = await failure(flame.on('p', WorkService, { timeout: 100 }).pid());
    expect(error).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'no' });
    expect(error.message).toContain('waiting for a slot');
    await running;
  });
});

rule(
  'A blocked event loop does not survive its deadline',
  (start) => {
    it('kills the runner, and fails its other calls with FLAME_LOST', async () => {
      const { work, flame, file, marked, gone } = await start({ max: 1, maxConcurrency: 2 });
      const [blocking, other] = [file(), file()];
      const sharing = failure(work.work(other, 60_000));
      const { runner } = await marked(other, 'begin');
      const error = await failure(flame.on('p', WorkService, { timeout: 500 }).block(blocking, 120_000));
      expect(error).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
      expect(await sharing).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
      await gone(runner);
      expect(await work.runner()).not.toBe(runner);
    });
  },
  ({ isolated }) => isolated,
);
