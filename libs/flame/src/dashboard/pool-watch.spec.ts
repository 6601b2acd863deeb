import { describe, expect, it } from 'vitest';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { PoolWatch } from './pool-watch.js';

describe('PoolWatch', () => {
  /** A pool with a watch, and how many calls of its own hear of its events. */
  function watched(): { rig: PoolRig; watch: PoolWatch; call: (times: number) => Promise<void> } {
    const rig = new PoolRig({ echo: async (value: string) => value }, { max: 1, maxConcurrency: 1_000 });
    const call = async (times: number): Promise<void> => {
      const calls = Array.from({ length: times }, () => rig.call('echo', ['hello']));
      await rig.clock.advance(0);
      await Promise.all(calls);
    };
    return { rig, watch: new PoolWatch(rig.pool), call };
  }

  it('shows each call that has ended since the last snapshot, and only the number of further calls', async () => {
    const { rig, watch, call } = watched();
    await call(5);
    watch.follow();
    await call(2);
    expect(watch.view()).toMatchObject({ ended: [{ id: 6, handler: 'echo' }, { id: 7 }], more: 0 });
    await call(1_000);
    const busy = watch.view();
    expect([busy.ended.length, busy.more]).toEqual([300, 700]);
    await call(1);
    expect(watch.view()).toMatchObject({ ended: [{ id: 1_008 }], more: 0 });
    await rig.pool.drain();
  });

  it('marks failed calls, and counts the calls since the last sample', async () => {
    const fail = async (): Promise<never> => Promise.reject(new RangeError('no'));
    const wait = (): Promise<void> => new Promise((resolve) => void rig.clock.after(800, resolve));
    const rig: PoolRig = new PoolRig({ fail, wait, echo: async () => 1 }, { max: 1, maxConcurrency: 9 });
    const watch = new PoolWatch(rig.pool);
    watch.follow();
    const calls = [rig.call('fail'), rig.call('wait', [], { timeout: 500 }), rig.call('echo')];
    await Promise.all([rig.clock.advance(5_000), Promise.allSettled(calls)]);
    const view = watch.view();
    expect(view.unsampled).toBe(3);
    expect(Object.fromEntries(view.ended.map(({ handler, failed }) => [handler, failed]))).toEqual({ fail: true, wait: true, echo: false });
    watch.sample();
    expect(watch.view().unsampled).toBe(0);
    const drained = rig.pool.drain();
    await rig.clock.advance(60_000);
    await drained;
  });

  it('stops listening to a busy pool when its buffer is full, and never listens without a watcher', async () => {
    const { rig, watch, call } = watched();
    const { events$ } = rig.pool;
    let heard = 0;
    const subscribe = events$.subscribe.bind(events$);
    Object.defineProperty(rig.pool, 'events$', {
      get: () => ({
        subscribe: (next: (notice: never) => void) =>
          subscribe((event) => {
            heard += 1;
            next(event as never);
          }),
      }),
    });
    await call(10);
    expect(heard).toBe(0);
    watch.follow();
    await call(1_000);
    // Of each call several things are told.
    expect(heard).toBeLessThan(3_000);
    const before = heard;
    await call(100);
    expect(heard).toBe(before);
    watch.view();
    await call(1);
    expect(heard).toBeGreaterThan(before);
    watch.unfollow();
    const after = heard;
    await call(1);
    expect(heard).toBe(after);
    await rig.pool.drain();
  });
});
