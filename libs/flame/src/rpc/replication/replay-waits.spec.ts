import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../../../test/support/virtual-clock.js';
import { ReplayWaits } from './replay-waits.js';
import type { PositionState } from './replay-waits.js';

/** Waits beside a database whose answers a test gives. */
class World {
  readonly clock = new VirtualClock();
  /** The positions of each look, and when it began. */
  readonly looks: { at: number; positions: readonly string[] }[] = [];
  reached = new Set<string>();
  answers: 'at once' | 'never' | Error = 'at once';
  readonly waits = new ReplayWaits({
    clock: this.clock,
    look: async (positions) => {
      this.looks.push({ at: this.clock.now(), positions });
      if (this.answers instanceof Error) throw this.answers;
      if (this.answers === 'never') await new Promise(() => {});
      return positions.map((position): PositionState => {
        if (position === 'lost') return new Error('it is lost');
        return this.reached.has(position) ? 'reached' : 'pending';
      });
    },
  });

  wait(position: string, signal = new AbortController().signal): Promise<string> {
    return this.waits.wait(position, signal).then(
      () => `${position} reached`,
      (error: Error) => error.message,
    );
  }
}

describe('ReplayWaits', () => {
  it('looks at once for the first wait, then with pauses that grow to 50 ms, and not at all without one', async () => {
    const world = new World();
    await world.clock.advance(100);
    const wait = world.wait('7');
    await world.clock.advance(400);
    const pauses = world.looks.slice(1).map(({ at }, index) => Math.round(at - world.looks[index]!.at));
    expect(world.looks[0]!.at).toBe(100);
    expect(pauses.slice(0, 8)).toEqual([2, 4, 8, 16, 32, 50, 50, 50]);
    world.reached.add('7');
    await world.clock.advance(50);
    expect(await wait).toBe('7 reached');
    const before = world.looks.length;
    await world.clock.advance(1_000);
    expect(world.looks).toHaveLength(before);
  });

  it('asks one query at a time, for all waits, each position once', async () => {
    const world = new World();
    const waits = ['1', '2', '2', '3'].map((position) => world.wait(position));
    expect(world.looks.map(({ positions }) => positions)).toEqual([['1']]);
    await world.clock.advance(5);
    expect(world.looks[1]!.positions).toEqual(['1', '2', '3']);
    world.reached = new Set(['1', '2']);
    await world.clock.advance(50);
    expect(await Promise.all(waits.slice(0, 3))).toEqual(['1 reached', '2 reached', '2 reached']);
    expect(world.looks.at(-1)!.positions).toEqual(['3']);
  });

  it('looks for a new wait within 5 ms, however long the others have waited', async () => {
    const world = new World();
    void world.wait('1');
    await world.clock.advance(300);
    world.reached.add('2');
    const wait = world.wait('2');
    await world.clock.advance(5);
    expect(await wait).toBe('2 reached');
  });

  it('rejects a wait that is in vain, and no other', async () => {
    const world = new World();
    world.reached.add('1');
    const waits = [world.wait('lost'), world.wait('1')];
    await world.clock.advance(5);
    expect(await Promise.all(waits)).toEqual(['it is lost', '1 reached']);
  });

  it('waits on while the database cannot be asked, and says so when the signal aborts', async () => {
    const world = new World();
    world.answers = new Error('connection refused');
    const controller = new AbortController();
    const [given, kept] = [world.wait('1', controller.signal), world.wait('1')];
    await world.clock.advance(200);
    expect(world.looks.length).toBeLessThan(8);
    controller.abort(new Error('late'));
    expect(await given).toBe('connection refused');
    world.answers = 'at once';
    world.reached.add('1');
    await world.clock.advance(50);
    expect(await kept).toBe('1 reached');
  });

  it('gives up a query after five seconds, and asks again', async () => {
    const world = new World();
    world.answers = 'never';
    const wait = world.wait('1');
    await world.clock.advance(4_990);
    expect(world.looks).toHaveLength(1);
    world.answers = 'at once';
    world.reached.add('1');
    await world.clock.advance(100);
    expect(await wait).toBe('1 reached');
  });

  it('leaves no listener, and asks nothing more, after an abort', async () => {
    const world = new World();
    const controller = new AbortController();
    const wait = world.wait('1', controller.signal);
    await world.clock.advance(10);
    controller.abort(new Error('late'));
    expect(await wait).toBe('late');
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    const before = world.looks.length;
    await world.clock.advance(200);
    expect(world.looks).toHaveLength(before);
    expect(await world.wait('1', controller.signal)).toBe('late');
  });

  it("asks outside of the callers' async contexts", async () => {
    const storage = new AsyncLocalStorage<string>();
    const clock = new VirtualClock();
    const seen: unknown[] = [];
    const waits = new ReplayWaits({
      clock,
      look: async (positions) => (
        seen.push(storage.getStore()),
        positions.map((): PositionState => (seen.length > 2 ? 'reached' : 'pending'))
      ),
    });
    const wait = storage.run('a request', () => waits.wait('1', new AbortController().signal));
    await clock.advance(20);
    await wait;
    expect(seen).toEqual([undefined, undefined, undefined]);
  });
});
