import { expect, it } from 'vitest';
import { NestedService } from '../apps/src/conformance/nested.service.js';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';

rule('Calls in place keep their options', (start) => {
  it('end at their own deadline', async () => {
    const { app, file, marks } = await start();
    const log = file();
    const ended = await app.get(NestedService).timed(log, 100);
    expect(ended).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
    expect(ended.message).toMatch(/^WorkService\.work timed out after 100 ms of running in place on runner p-\S+ of pool "p"/);
    expect(marks(log).map(({ what }) => what)).toEqual(['begin', 'abort']);
  });

  it('end when their signal aborts, and do not start if it has already aborted', async () => {
    const { app, file, marked, marks } = await start();
    const [log, other] = [file(), file()];
    const caller = new AbortController();
    const call = app.get(NestedService).cancelled(log, caller.signal);
    await marked(log, 'begin');
    caller.abort(new Error('the user left'));
    expect(await call).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'maybe', message: expect.stringMatching(/the user left/) });
    await marked(log, 'abort');
    expect(await app.get(NestedService).neverStarted(other)).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'no' });
    expect(marks(other)).toEqual([]);
  });

  it('have no more time than the call around them, and report progress to their own caller', async () => {
    const { flame } = await start();
    const outer: unknown[] = [];
    const options = { timeout: 20_000, onProgress: (value: unknown) => outer.push(value) };
    const nested = flame.on('p', NestedService, options);
    const short = await nested.seen(5_000);
    // A deadline is a whole number of milliseconds and a fraction, the time of day is whole.
    expect(Math.floor(short.left)).toBeLessThanOrEqual(5_000);
    const long = await nested.seen(60_000);
    expect(Math.floor(long.left)).toBeLessThanOrEqual(20_000);
    expect([long.runner, long.progress, outer]).toEqual([long.own, ['looking'], []]);
  });

  it('are part of the call around them if they are direct calls of a method', async () => {
    const { flame, file, marked } = await start();
    const log = file();
    const caller = new AbortController();
    const call = failure(flame.on('p', NestedService, { signal: caller.signal }).plain(log));
    await marked(log, 'begin');
    caller.abort();
    expect(await call).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'maybe' });
    await marked(log, 'abort');
  });

  it('end the streams that they return', async () => {
    const { app, file, marks } = await start();
    const log = file();
    expect(await app.get(NestedService).stream(log, 200)).toMatchObject({ code: 'FLAME_TIMEOUT' });
    expect(marks(log).map(({ what }) => what)).toEqual(['begin', expect.stringMatching(/^item p-/), 'stopped: FLAME_TIMEOUT']);
  });

  it('apply to children, too', async () => {
    const { app, file, marks } = await start();
    const log = file();
    expect(await app.get(NestedService).child(log)).toMatchObject({
      method: { code: 'FLAME_TIMEOUT', ran: 'maybe' },
      how: 'cancelled',
      reason: 'enough',
    });
    expect(marks(log).map(({ what }) => what)).toEqual(['start', 'stop: enough']);
  });
});
