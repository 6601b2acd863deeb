import { describe, expect, it } from 'vitest';
import { Wakefulness } from './wakefulness.js';

/** Wakefulness with a clock that moves by a tenth of a millisecond with each turn of the event loop. */
class Rig {
  #now = 5_000;
  #due: (() => void)[] = [];
  readonly wakefulness = new Wakefulness({ now: () => this.#now, next: (action) => this.#due.push(action) });

  get awake(): boolean {
    return this.#due.length > 0;
  }

  call(): void {
    this.wakefulness.busy(true);
    this.wakefulness.busy(false);
  }

  turn(time = 0.1): void {
    this.#now += time;
    for (const action of this.#due.splice(0)) action();
  }
}

/** One whose last calls came soon, `idle` milliseconds after each other. */
function awake(idle?: number): Rig {
  const rig = new Rig();
  for (let i = 0; i < 30; i++) {
    rig.turn(idle);
    rig.call();
  }
  return rig;
}

describe('Wakefulness', () => {
  it('lets a runner sleep until eight calls in a row came soon, and then stays awake for each', () => {
    const rig = new Rig();
    for (let i = 0; i < 8; i++) {
      rig.turn();
      rig.call();
      expect(rig.awake).toBe(false);
    }
    for (let i = 0; i < 10; i++) {
      rig.turn();
      rig.call();
      expect(rig.awake).toBe(true);
    }
  });

  it('sleeps while work runs', () => {
    const rig = awake();
    rig.wakefulness.busy(true);
    rig.turn();
    expect(rig.awake).toBe(false);
  });

  it('sleeps when no call comes in time, and until eight have come soon again', () => {
    const rig = awake();
    rig.turn();
    expect(rig.awake).toBe(true);
    rig.turn();
    expect(rig.awake).toBe(false);
    rig.call();
    for (let i = 0; i < 7; i++) {
      rig.turn();
      rig.call();
      expect(rig.awake).toBe(false);
    }
    rig.turn();
    rig.call();
    expect(rig.awake).toBe(true);
  });

  it('stays awake for twice the time that calls took to come, and no longer: the parent may wait for this very core', () => {
    const rig = awake(0.02);
    rig.turn(0.03);
    expect(rig.awake).toBe(true);
    rig.turn(0.03);
    expect(rig.awake).toBe(false);
  });

  it('is awake again for longer pauses as soon as eight calls in a row came after such', () => {
    const rig = awake(0.02);
    for (let i = 0; i < 30; i++) {
      rig.turn(0.09);
      rig.call();
    }
    rig.turn(0.09);
    expect(rig.awake).toBe(true);
  });

  it('is not kept awake by calls that come late', () => {
    const rig = new Rig();
    for (let i = 0; i < 20; i++) {
      rig.call();
      expect(rig.awake).toBe(false);
      rig.turn(0.3);
    }
  });
});
