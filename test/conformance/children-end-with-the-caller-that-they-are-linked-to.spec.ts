import { expect, it } from 'vitest';
import { Counter } from '../apps/src/conformance/counter.js';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';

rule('Children end with the caller that they are linked to', (start) => {
  it('end when its signal aborts', async () => {
    const { flame, file, marked, pool } = await start();
    const log = file();
    const caller = new AbortController();
    const child = await flame.placeChild('p', Counter, { file: log, every: 5 }, { signal: caller.signal });
    await marked(log, 'beat');
    const method = child.api.wait().catch((error: unknown) => error);
    caller.abort(new Error('the user left'));
    expect(await child.exited).toEqual({ how: 'cancelled', reason: 'the user left' });
    expect(await method).toBeInstanceOf(Error);
    await marked(log, 'aborted');
    await marked(log, 'stop: the user left');
    expect(pool.stats().running).toBe(0);
  });

  it('continue if they are not linked, and end when they are stopped', async () => {
    const { flame, file, marked, marks } = await start();
    const log = file();
    const caller = new AbortController();
    const child = await flame.placeChild('p', Counter, { file: log }, { signal: caller.signal, link: false });
    caller.abort(new Error('the user left'));
    expect(await child.api.add(1)).toBe(1);
    expect(marks(log).map(({ what }) => what)).toEqual(['start']);
    expect(await child.stop('enough')).toEqual({ how: 'stopped', reason: 'enough' });
    await marked(log, 'stop: enough');
  });

  it('are not placed for a caller that has already left', async () => {
    const { flame, file, marks } = await start();
    const log = file();
    const gone = AbortSignal.abort(new Error('gone before'));
    expect(await failure(flame.placeChild('p', Counter, { file: log }, { signal: gone }))).toMatchObject({
      code: 'FLAME_CANCELLED',
      ran: 'no',
    });
    expect(marks(log)).toEqual([]);
  });

  it('end at once with a pool that drains when they are linked, and get shutdownTimeout when they are not', async () => {
    const { app, flame, file, marks } = await start({ shutdownTimeout: 300 });
    const [linked, unlinked] = [file(), file()];
    const one = await flame.placeChild('p', Counter, { file: linked });
    const other = await flame.placeChild('p', Counter, { file: unlinked }, { link: false });
    const ends: string[] = [];
    void one.exited.then(({ how }) => ends.push(`linked ${how}`));
    void other.exited.then(({ how }) => ends.push(`unlinked ${how}`));
    const closing = Date.now();
    await app.close();
    expect(ends).toEqual(['linked leaving', 'unlinked leaving']);
    expect(marks(linked).at(-1)!.what).toBe('stop: the app is closing');
    const { what, at } = marks(unlinked).at(-1)!;
    expect(what).toBe('stop: the app is closing');
    // However late the linked one was told: the other had its time.
    expect(at - closing).toBeGreaterThanOrEqual(290);
  });
});
