import { describe, expect, it } from 'vitest';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { settle } from '../../../../test/support/virtual-clock.js';
import { FlameCall } from '../runner/executor/flame-call.js';

/** A handler that ends with its abort, or when it is told to. */
function open(): { handler: () => Promise<string>; end: () => void } {
  let end!: () => void;
  const told = new Promise<void>((resolve) => (end = resolve));
  const handler = async (): Promise<string> => {
    const { signal } = FlameCall.current()!;
    await Promise.race([told, new Promise((resolve) => signal.addEventListener('abort', resolve))]);
    return signal.aborted ? 'aborted' : 'done';
  };
  return { handler, end };
}

describe('Pool control', () => {
  it('lets calls wait while it is paused, with the reason, and runs them when it is resumed', async () => {
    const rig = new PoolRig({ 'A.run': () => 'ran' });
    const news: string[] = [];
    rig.pool.events$.subscribe(({ type: is }) => news.push(is));
    rig.pool.pause('the database moves');
    const call = rig.call('A.run');
    await settle();
    expect(rig.pool.stats()).toMatchObject({ paused: 'the database moves', waiting: 1, runners: [] });
    expect(rig.pool.calls(10)).toMatchObject({ running: [], waiting: [{ handler: 'A.run', state: 'waiting', runner: undefined }] });
    rig.pool.resume();
    rig.pool.resume();
    await expect(call).resolves.toBe('ran');
    expect(rig.pool.stats().paused).toBeUndefined();
    expect(news.filter((is) => is === 'paused' || is === 'unpaused')).toEqual(['paused', 'unpaused']);
    await rig.pool.drain();
  });

  it('lists no more calls than requested', async () => {
    const work = open();
    const rig = new PoolRig({ 'A.run': work.handler }, { max: 1, maxConcurrency: 2 });
    const calls = Array.from({ length: 6 }, () => rig.call('A.run'));
    await settle();
    const { running, waiting } = rig.pool.calls(2);
    expect([running.map(({ id }) => id), waiting.map(({ id }) => id)]).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(running[0]).toMatchObject({ runner: 'p-test-1', state: 'running' });
    work.end();
    await Promise.all(calls);
    await rig.pool.drain();
  });

  it('drains one runner, and resolves when it is gone', async () => {
    const work = open();
    const rig = new PoolRig({ 'A.run': work.handler });
    const call = rig.call('A.run');
    await settle();
    const drained = rig.pool.drainRunner('p-test-1');
    expect(rig.pool.stats().runners).toMatchObject([{ id: 'p-test-1', state: 'leaving', load: 1 }]);
    work.end();
    await expect(call).resolves.toBe('done');
    await drained;
    expect(rig.pool.stats().runners).toEqual([]);
    await expect(rig.pool.drainRunner('p-test-1')).rejects.toThrow(/pool "p" has no runner "p-test-1": it has no runners at the moment/);
    await rig.pool.drain();
  });

  it("aborts a drained runner's work after shutdownTimeout", async () => {
    const rig = new PoolRig({ 'A.run': open().handler }, { shutdownTimeout: 500, handlerTimeout: 60_000 });
    const call = rig.call('A.run').catch((error: unknown) => error);
    await settle();
    const drained = rig.pool.drainRunner('p-test-1');
    await rig.clock.advance(500);
    expect(await call).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'maybe' });
    await drained;
    await rig.pool.drain();
  });

  it('keeps its failures with their causes', async () => {
    const rig = new PoolRig({
      'A.fails': () => {
        throw new RangeError('too much');
      },
    });
    for (let n = 0; n < 2; n++) await rig.call('A.fails').catch(() => undefined);
    expect(rig.pool.failures).toMatchObject([
      { type: 'threw', code: 'RangeError', message: 'too much', handler: 'A.fails', runner: 'p-test-1', count: 2 },
    ]);
    await rig.pool.drain();
  });
});
