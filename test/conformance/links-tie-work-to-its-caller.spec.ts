import { expect, it } from 'vitest';
import { WorkService } from '../apps/src/conformance/work.service.js';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';
import { until } from '../support/process-table.js';

rule('Links tie work to its caller', (start) => {
  it('aborts linked work when the caller’s signal aborts', async () => {
    const { flame, file, marked } = await start();
    const log = file();
    const caller = new AbortController();
    const call = failure(flame.on('p', WorkService, { signal: caller.signal }).work(log, 60_000));
    await marked(log, 'begin');
    caller.abort(new Error('the user left'));
    expect(await call).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'maybe' });
    await marked(log, 'abort');
  });

  it('lets unlinked work run to its end', async () => {
    const { flame, file, marked } = await start();
    const log = file();
    const caller = new AbortController();
    const call = failure(flame.on('p', WorkService, { signal: caller.signal, link: false }).work(log, 300));
    await marked(log, 'begin');
    caller.abort();
    expect(await call).toMatchObject({ code: 'FLAME_CANCELLED' });
    await marked(log, 'end');
  });

  it('removes a waiting call from the queue, and never runs it', async () => {
    const { work, flame, file, marked, marks } = await start({ max: 1, maxConcurrency: 1 });
    const [first, second] = [file(), file()];
    const running = work.work(first, 400);
    await marked(first, 'begin');
    const caller = new AbortController();
    const waiting = failure(flame.on('p', WorkService, { signal: caller.signal }).work(second, 10));
    caller.abort();
    expect(await waiting).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'no' });
    await running;
    await work.pid();
    expect(marks(second)).toEqual([]);
  });

  it('aborts a linked cast when its caller’s signal aborts, although it was accepted long ago', async () => {
    const failures: unknown[] = [];
    const { flame, file, marked, pool } = await start({}, { onCastError: (error) => void failures.push(error) });
    const log = file();
    const caller = new AbortController();
    await flame.cast('p', WorkService, { signal: caller.signal }).work(log, 60_000);
    await marked(log, 'begin');
    caller.abort(new Error('the user left'));
    await marked(log, 'abort');
    await until(() => pool.stats().running === 0);
    expect(failures).toMatchObject([{ code: 'FLAME_CANCELLED', ran: 'maybe' }]);
  });

  it('lets an unlinked cast run to its end', async () => {
    const failures: unknown[] = [];
    const { flame, file, marked, pool } = await start({}, { onCastError: (error) => void failures.push(error) });
    const log = file();
    const caller = new AbortController();
    await flame.cast('p', WorkService, { signal: caller.signal, link: false }).work(log, 300);
    await marked(log, 'begin');
    caller.abort(new Error('the user left'));
    await marked(log, 'end');
    await until(() => pool.stats().running === 0);
    expect(failures).toEqual([]);
  });
});
