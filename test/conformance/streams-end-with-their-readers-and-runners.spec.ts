import { NotFoundException } from '@nestjs/common';
import { expect, it } from 'vitest';
import { StreamService } from '../apps/src/conformance/stream.service.js';
import { collect } from '../support/collect.js';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';
import { until } from '../support/process-table.js';

rule('Streams end with their readers, their calls and their runners', (start) => {
  it('cleans up on the runner when its reader leaves the loop', async () => {
    const { app, pool, file, marked } = await start();
    const log = file();
    for await (const row of app.get(StreamService).count(log, Infinity)) if (row === 40) break;
    await marked(log, 'cleaned');
    await until(() => pool.stats().running === 0);
  });

  it('cleans up when its reader unsubscribes, or destroys the stream', async () => {
    const { app, pool, file, marked } = await start();
    const streams = app.get(StreamService);
    const log = file();
    await new Promise<void>((resolve) => {
      const subscription = streams.ticks(log, 1_000).subscribe((tick) => {
        if (tick < 3) return;
        subscription.unsubscribe();
        resolve();
      });
    });
    await marked(log, 'cleaned');
    const download = streams.download(100_000_000);
    await new Promise((resolve) => download.once('data', resolve));
    download.destroy();
    await until(() => pool.stats().running === 0);
  });

  it('aborts a waiting handler when its reader stops', async () => {
    const { app, pool, file, marked } = await start();
    const log = file();
    const rows = app.get(StreamService).stalls(log);
    await rows.next();
    const waiting = rows.next();
    await rows.return(undefined);
    expect(await waiting).toEqual({ done: true, value: undefined });
    await marked(log, 'stopped: FLAME_CANCELLED');
    await until(() => pool.stats().running === 0);
    expect(pool.stats().runners).toMatchObject([{ state: 'ready' }]);
  });

  it('passes an error in the middle unchanged, after the items before it', async () => {
    const { app, pool } = await start();
    const seen: number[] = [];
    const error = await (async () => {
      for await (const row of app.get(StreamService).breaks(30)) seen.push(row);
    })().catch((reason: unknown) => reason);
    expect(seen).toHaveLength(30);
    expect(error).toBeInstanceOf(NotFoundException);
    expect((error as NotFoundException).message).toBe('no more of them');
    await until(() => pool.stats().running === 0);
  });

  it('fails at the timeout of its call', async () => {
    const { flame, work, pool, file, marked } = await start();
    const log = file();
    // A runner is up, so that the time is the handler's.
    await work.pid();
    const rows = flame.on('p', StreamService, { timeout: 3_000 }).stalls(log);
    await rows.next();
    expect(await failure(rows.next())).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
    await marked(log, 'stopped: FLAME_TIMEOUT');
    await until(() => pool.stats().running === 0);
  });

  it('fails when its caller’s signal aborts', async () => {
    const { flame, pool, file, marked } = await start();
    const log = file();
    const caller = new AbortController();
    const rows = flame.on('p', StreamService, { signal: caller.signal }).stalls(log);
    await rows.next();
    caller.abort(new Error('the user left'));
    expect(await failure(rows.next())).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'maybe' });
    await marked(log, 'stopped: FLAME_CANCELLED');
    await until(() => pool.stats().running === 0);
  });
});

rule(
  'Streams end with their runners',
  (start) => {
    it('fails with its runner, with the reason; the next call is served', async () => {
      const { app, pool, file, marked, signal } = await start();
      const streams = app.get(StreamService);
      const log = file();
      const rows = streams.stalls(log);
      await rows.next();
      const { runner } = await marked(log, 'begin');
      const next = failure(rows.next());
      await signal(runner, 'SIGKILL');
      const error = await next;
      expect(error).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
      expect(error.message).toContain('SIGKILL');
      expect(await collect(streams.numbers(3))).toHaveLength(3);
      await until(() => pool.stats().running === 0);
    });
  },
  ({ isolated }) => isolated,
);
