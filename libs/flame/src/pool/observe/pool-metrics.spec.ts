import { describe, expect, it } from 'vitest';
import { BootError } from '../../core/errors/boot-error.js';
import type { PoolMetrics } from '../../core/metrics/pool-metrics.js';
import { PoolRig } from '../../../../../test/support/pool-rig.js';
import { StatsOfProcesses } from './stats-of-processes.js';

/** How many a histogram holds. */
function size({ counts }: PoolMetrics['wait']): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

describe('Pool.metrics()', () => {
  it('counts each call once, by its outcome', async () => {
    const rig = new PoolRig({
      echo: (value: string) => value,
      fail: () => Promise.reject(new Error('no')),
      odd: () => () => {},
      sit: () => new Promise(() => {}),
    });
    await rig.call('echo', ['hello']);
    await expect(rig.call('fail')).rejects.toThrow('no');
    await expect(rig.call('odd')).rejects.toMatchObject({ code: 'FLAME_ENCODING' });
    const late = rig.call('sit', [], { timeout: 50 });
    await Promise.all([expect(late).rejects.toMatchObject({ code: 'FLAME_TIMEOUT' }), rig.clock.advance(60)]);
    const { calls, callsTaken, bytesSent, bytesReceived, wait } = rig.pool.metrics();
    expect(callsTaken).toBe(4);
    expect(calls).toEqual({
      returned: 1,
      threw: 1,
      encoding: 1,
      timeout: 1,
      refused: 0,
      boot: 0,
      cancelled: 0,
      lost: 0,
      denied: 0,
      config: 0,
    });
    expect(Object.values(calls).reduce((sum, count) => sum + count)).toBe(callsTaken);
    expect(size(wait)).toBe(4);
    expect(bytesSent).toBeGreaterThan('hello'.length);
    expect(bytesReceived).toBeGreaterThan('hello'.length);
    expect(rig.pool.stats().calls).toEqual({ started: 4, returned: 1, threw: 1, failed: 2 });
  });

  it('measures waiting and running, by the pool’s clock', async () => {
    const gates: (() => void)[] = [];
    const rig = new PoolRig({ hold: () => new Promise<void>((open) => gates.push(open)) }, { max: 1 });
    const calls = [rig.call('hold'), rig.call('hold')];
    await rig.clock.advance(0);
    await rig.clock.advance(40);
    expect(rig.pool.metrics()).toMatchObject({ waiting: 1, waitingFor: 40, slots: 1, slotsUsed: 1 });
    gates.shift()!();
    await calls[0];
    await rig.clock.advance(7);
    gates.shift()!();
    await calls[1];
    const { wait, duration } = rig.pool.metrics();
    expect([size(wait), wait.sum]).toEqual([2, 40]);
    expect([size(duration), duration.sum]).toEqual([2, 47]);
  });

  it('distinguishes the time in which runners existed from the time in which they worked', async () => {
    let open = (): void => {};
    const rig = new PoolRig({ hold: () => new Promise<void>((done) => (open = done)) }, { idleShutdownAfter: 1_000 });
    const call = rig.call('hold');
    await rig.clock.advance(0);
    await rig.clock.advance(300);
    expect(rig.pool.metrics()).toMatchObject({ paid: 300, used: 300 });
    open();
    await call;
    await rig.clock.advance(500);
    expect(rig.pool.metrics()).toMatchObject({ paid: 800, used: 300, runners: { ready: 1 } });
    await rig.clock.advance(60_000);
    expect(rig.pool.metrics()).toMatchObject({ paid: 1_300, used: 300, runners: { ready: 0 } });
  });

  it('counts boots by outcome and phase, and has the phase of a current boot', async () => {
    let boots = 0;
    const rig: PoolRig = new PoolRig(
      { echo: () => 1 },
      { max: 1 },
      {
        boot: async (request) => {
          boots += 1;
          if (boots === 1) throw new BootError('rig: no disk', { phase: 'start' });
          return request.inProcess();
        },
      },
    );
    const call = rig.call('echo');
    expect(rig.pool.metrics().perRunner).toMatchObject([{ state: 'booting', phase: 'create' }]);
    await rig.clock.advance(0);
    await rig.clock.advance(5_000);
    await call;
    const { boots: counted, bootDuration } = rig.pool.metrics();
    expect(counted).toEqual({ up: 1, create: 0, start: 1, attach: 0, handshake: 0 });
    expect(size(bootDuration)).toBe(1);
  });
});

describe('StatsOfProcesses', () => {
  const stats = { pid: 1, cpu: 10, memory: 100, heap: 50, delay: 1, delayMax: 2 };

  it("adds up the last values of a machine's processes", () => {
    const book = new StatsOfProcesses(() => {});
    expect(book.sum).toBeUndefined();
    book.take(JSON.stringify({ ...stats, memory: 999 }));
    book.take(JSON.stringify(stats));
    book.take(JSON.stringify({ ...stats, pid: 2, delayMax: 7 }));
    expect(book.sum).toEqual({ processes: 2, cpu: 20, memory: 200, heap: 100, delay: 1, delayMax: 7 });
  });

  it.each(['', 'null', '[]', '{"pid":1}', JSON.stringify({ ...stats, cpu: 'much' })])('refuses %j', (text) => {
    expect(() => new StatsOfProcesses(() => {}).take(text)).toThrow("the stats that a runner's process sent cannot be read");
  });
});
