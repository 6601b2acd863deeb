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

describe('Wakefulness', () => {
  it('lets a runner sleep after a first call, and stays awake once another came soon', () => {
    const rig = new Rig();
    rig.call();
    expect(rig.awake).toBe(false);
    rig.turn();
    rig.call();
    expect(rig.awake).toBe(true);
    for (let i = 0; i < 10; i++) {
      rig.turn();
      expect(rig.awake).toBe(true);
      rig.call();
    }
  });

  it('sleeps while work runs', () => {
    const rig = new Rig();
    rig.call();
    rig.turn();
    rig.call();
    rig.wakefulness.busy(true);
    rig.turn();
    expect(rig.awake).toBe(false);
  });

  it('sleeps when no call comes in time, and then for a second whatever comes', () => {
    const rig = new Rig();
    rig.call();
    rig.turn();
    rig.call();
    rig.turn();
    rig.turn();
    expect(rig.awake).toBe(false);
    for (let i = 0; i < 5_000; i++) {
      rig.turn(0.1);
      rig.call();
      expect(rig.awake).toBe(false);
    }
    rig.turn(501);
    rig.call();
    rig.turn();
    rig.call();
    expect(rig.awake).toBe(true);
  });

  it('is not kept awake by calls that come late', () => {
    const rig = new Rig();
    for (let i = 0; i < 10; i++) {
      rig.call();
      expect(rig.awake).toBe(false);
      rig.turn(0.3);
    }
  });
});
