import { describe, expect, it } from 'vitest';
import { StayAwake } from './stay-awake.js';

/** A `StayAwake` with a clock that moves by a tenth of a millisecond with each turn of the event loop. */
class Rig {
  #now = 5_000;
  #due: (() => void)[] = [];
  readonly stayAwake = new StayAwake({ now: () => this.#now, next: (action) => this.#due.push(action) });

  get awake(): boolean {
    return this.#due.length > 0;
  }

  call(): void {
    this.stayAwake.busy(true);
    this.stayAwake.busy(false);
  }

  turn(time = 0.1): void {
    this.#now += time;
    for (const action of this.#due.splice(0)) action();
  }
}

/** A rig whose last calls came `pause` milliseconds after each other. */
function awake(pause?: number): Rig {
  const rig = new Rig();
  for (let i = 0; i < 30; i++) {
    rig.turn(pause);
    rig.call();
  }
  return rig;
}

describe('StayAwake', () => {
  it('lets a runner sleep until eight calls in a row came soon, and stays awake after each one from then on', () => {
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

  it('sleeps while a call runs', () => {
    const rig = awake();
    rig.stayAwake.busy(true);
    rig.turn();
    expect(rig.awake).toBe(false);
  });

  it('sleeps if no call comes in time, until eight calls have come soon again', () => {
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

  it('stays awake for twice the mean pause and no longer, because the parent may wait for this core', () => {
    const rig = awake(0.02);
    rig.turn(0.03);
    expect(rig.awake).toBe(true);
    rig.turn(0.03);
    expect(rig.awake).toBe(false);
  });

  it('stays awake for longer pauses after eight calls with such pauses', () => {
    const rig = awake(0.02);
    for (let i = 0; i < 30; i++) {
      rig.turn(0.09);
      rig.call();
    }
    rig.turn(0.09);
    expect(rig.awake).toBe(true);
  });

  it('lets the runner sleep if calls come late', () => {
    const rig = new Rig();
    for (let i = 0; i < 20; i++) {
      rig.call();
      expect(rig.awake).toBe(false);
      rig.turn(0.3);
    }
  });

  it('counts the time for which it only stayed awake', () => {
    const rig = awake();
    const before = rig.stayAwake.waited;
    rig.turn(0.1);
    rig.call();
    expect(rig.stayAwake.waited - before).toBeCloseTo(0.1);
    rig.turn(0.3);
    expect(rig.awake).toBe(false);
    expect(rig.stayAwake.waited - before).toBeCloseTo(0.4);
    rig.turn(5);
    rig.call();
    expect(rig.stayAwake.waited - before).toBeCloseTo(0.4);
  });
});
