import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LossService } from '../apps/src/conformance/loss.service.js';
import { WorkService } from '../apps/src/conformance/work.service.js';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';

rule('Callers wait their turn', (start) => {
  it('serves callers in their order, and skips those that have left', async () => {
    const { app, flame, file, marked, marks, pool } = await start({ max: 1, maxConcurrency: 1 });
    const [running, log, gate] = [file(), file(), file()];
    const loss = app.get(LossService);
    const first = loss.held(running, gate);
    await marked(running, 'begin');
    const impatient = new AbortController();
    const calls = [loss.once(log, 'a', 1), loss.once(log, 'b', 1)];
    const removed = failure(flame.on('p', LossService, { signal: impatient.signal }).once(log, 'removed', 1));
    calls.push(loss.once(log, 'c', 1), loss.once(log, 'd', 1));
    expect(pool.stats().waiting).toBe(5);
    impatient.abort(new Error('enough'));
    expect(await removed).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'no' });
    expect(pool.stats().waiting).toBe(4);
    writeFileSync(gate, '');
    expect(await Promise.all([first, ...calls])).toHaveLength(5);
    expect(marks(log).map(({ what }) => what)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('rejects calls that have waited for queueTimeout, and never runs them', async () => {
    const { app, work, file, marked, marks } = await start({ min: 1, max: 1, maxConcurrency: 1, queueTimeout: 200 });
    const [running, log, gate] = [file(), file(), file()];
    const loss = app.get(LossService);
    const first = loss.held(running, gate);
    await marked(running, 'begin');
    const error = await failure(loss.once(log, 'late', 1));
    expect(error).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'no' });
    expect(error.message).toMatch(/LossService\.once timed out after \d+ ms of waiting for a slot in pool "p": 1 runner of at most 1/);
    writeFileSync(gate, '');
    await first;
    expect(await work.echo('next')).toBe('next');
    expect(marks(log)).toEqual([]);
  });

  it('counts waiting and running together against the call’s own timeout', async () => {
    const { work, flame, file, marked } = await start({ max: 1, maxConcurrency: 1 });
    const [running, log] = [file(), file()];
    const first = work.work(running, 1_500);
    await marked(running, 'begin');
    const from = performance.now();
    const error = await failure(flame.on('p', WorkService, { timeout: 4_000 }).work(log, 60_000));
    expect(error).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
    expect(performance.now() - from).toBeGreaterThanOrEqual(3_999);
    // By its own account: what it waited was not there to run in.
    const [, ran] = /timed out after (\d+) ms of running .* it had waited \d+ ms/.exec(error.message)!;
    expect(Number(ran)).toBeLessThan(4_000);
    await marked(log, 'abort');
    await first;
  });

  it('refuses one call more than maxQueue, and serves the others', async () => {
    const { app, file, marked, marks } = await start({ max: 1, maxConcurrency: 1, maxQueue: 2 });
    const [running, log, gate] = [file(), file(), file()];
    const loss = app.get(LossService);
    const first = loss.held(running, gate);
    await marked(running, 'begin');
    const waiting = [loss.once(log, 'a', 1), loss.once(log, 'b', 1)];
    const error = await failure(loss.once(log, 'c', 1));
    expect(error).toMatchObject({ code: 'FLAME_REFUSED', ran: 'no' });
    expect(error.message).toContain('maxQueue 2');
    writeFileSync(gate, '');
    expect(await Promise.all(waiting)).toEqual(['a', 'b']);
    await first;
    expect(marks(log)).toHaveLength(2);
  });
});
