import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../../test/support/virtual-clock.js';
import { PoolTimer } from './pool-timer.js';

/** The clock of a process whose next timers are late by so many milliseconds. */
class LateClock extends VirtualClock {
  late = 0;

  override after(delay: number, wake: () => void): () => void {
    return super.after(delay + this.late, wake);
  }
}

describe('PoolTimer', () => {
  it('fires at the earliest of the times that were set', async () => {
    const clock = new LateClock();
    const woken: number[] = [];
    const timer = new PoolTimer(clock, () => woken.push(clock.now()));
    const begun = clock.now();
    timer.set(begun + 2_000);
    timer.set(begun + 1_000);
    timer.set(begun + 3_000);
    await clock.advance(10_000);
    expect(woken).toEqual([begun + 1_000]);
  });

  it('allows time to read input that arrived while the process was paused', async () => {
    const clock = new LateClock();
    let woken = 0;
    const timer = new PoolTimer(clock, () => (woken += 1));
    const begun = clock.now();
    clock.late = 60_000;
    timer.set(begun + 1_000);
    clock.late = 0;
    await clock.advance(61_000);
    // What is read meanwhile sets it again.
    timer.set(begun + 2_000);
    await clock.advance(99);
    expect(woken).toBe(0);
    await clock.advance(1);
    expect(woken).toBe(1);
  });
});
