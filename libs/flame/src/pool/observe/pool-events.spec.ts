import { describe, expect, it } from 'vitest';
import { PoolRig } from '../../../../../test/support/pool-rig.js';
import type { PoolEvent } from './pool-event.js';

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

describe('Pool.events$', () => {
  it('cover a call from its arrival to its end, and its runner', async () => {
    const gates: (() => void)[] = [];
    const rig = new PoolRig({ hold: () => new Promise<void>((open) => gates.push(open)) }, { max: 1, idleShutdownAfter: 1_000 });
    const told: string[] = [];
    rig.pool.events$.subscribe((event: PoolEvent) => {
      const { type } = event;
      told.push('call' in event ? `${type} ${event.call}` : type);
    });
    const calls = [rig.call('hold'), rig.call('hold')];
    await rig.clock.advance(0);
    gates.shift()!();
    await calls[0];
    await rig.clock.advance(0);
    gates.shift()!();
    await calls[1];
    await rig.clock.advance(60_000);
    rig.pool.pause('for a while');
    rig.pool.resume();
    rig.pool.resize({ max: 3 });
    await rig.pool.drain();
    expect(told).toEqual([
      'booting',
      'call-waiting 1',
      'call-waiting 2',
      'up',
      'call-started 1',
      'call-answered 1',
      'call-ended 1',
      'call-started 2',
      'call-answered 2',
      'call-ended 2',
      'stopping',
      'gone',
      'paused',
      'unpaused',
      'resized',
      'draining',
      'drained',
    ]);
  });

  it('include the answers of a child’s methods, which count as calls and take no slot', async () => {
    const rig = new PoolRig({ 'new Counter': () => ({ add: async () => 1, run: async () => Promise.reject(new RangeError('no')) }) });
    const child = await rig.place('Counter');
    const told: PoolEvent[] = [];
    rig.pool.events$.subscribe((event) => told.push(event));
    await child.call('add', []);
    await child.call('run', []).catch(() => {});
    expect(told).toMatchObject([
      { type: 'call-answered', call: 2, handler: 'Counter.add', outcome: 'returned' },
      { type: 'call-answered', call: 3, handler: 'Counter.run', outcome: 'threw' },
    ]);
    const { callsTaken, calls, wait, duration } = rig.pool.metrics();
    expect([callsTaken, calls.returned, calls.threw, sum(wait.counts), sum(duration.counts)]).toEqual([3, 2, 1, 1, 0]);
    await Promise.all([rig.pool.drain(), rig.clock.advance(60_000)]);
  });

  it('include attempts and casts', async () => {
    const rig = new PoolRig(
      { hold: () => new Promise<void>(() => {}), fail: () => Promise.reject(new Error('no')) },
      { max: 1, queueTimeout: 100, shutdownTimeout: 10 },
    );
    const told: PoolEvent[] = [];
    rig.pool.events$.subscribe((event) => told.push(event));
    await rig.cast('fail');
    await rig.clock.advance(0);
    expect(told).toContainEqual(
      expect.objectContaining({ type: 'cast-failed', handler: 'fail', error: expect.objectContaining({ message: 'no' }) }),
    );
    await rig.cast('hold');
    const late = rig.call('hold', [], { retry: { attempts: 2 } });
    await Promise.all([expect(late).rejects.toMatchObject({ code: 'FLAME_TIMEOUT' }), rig.clock.advance(250)]);
    expect(told).toContainEqual(expect.objectContaining({ type: 'call-retried', attempt: 2, attempts: 2 }));
  });
});
