import type { Clock } from '../../../libs/flame/src/core/clock.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import type { Timeline } from './timeline.js';

interface Timer {
  /** A time of this process's own clock. */
  due: number;
  readonly wake: () => void;
  cancel: () => void;
}

/**
 * A process in a simulated world. It has its own clock, which starts at any time, may be fast or slow, and may jump, and an event loop that
 * can be stopped for a while. After its death it runs nothing.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly #timeline: Timeline;
  readonly #dice: SeededRandom;
  readonly #timers = new Set<Timer>();
  readonly #rate: number;
  readonly #ends: (() => void)[] = [];
  #offset: number;
  #frozenUntil = 0;
  /** The ends of its pauses: a stopped event loop, or a jump of its clock. */
  readonly #resumedAt: number[] = [];
  #dead = false;
  /** How long its event loop has been stopped, in total. */
  frozenFor = 0;

  constructor(name: string, timeline: Timeline, dice: SeededRandom) {
    this.name = name;
    this.#timeline = timeline;
    this.#dice = dice;
    this.#offset = dice.below(1_000_000);
    this.#rate = 1 + (dice.next() - 0.5) / 500;
    this.clock = { now: () => this.#now(), after: (delay, wake) => this.#after(delay, wake) };
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Timers that have neither fired nor been cancelled. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Runs `action` after `delay` of the world's milliseconds, or, if the event loop is stopped then, when it continues. */
  in(delay: number, action: () => void): () => void {
    return this.at(this.#timeline.now + delay, action);
  }

  at(at: number, action: () => void): () => void {
    const run = (): void => {
      if (this.#dead) return;
      if (this.#timeline.now < this.#frozenUntil) cancel = this.#timeline.at(this.#frozenUntil, run);
      else action();
    };
    let cancel = this.#timeline.at(at, run);
    return () => cancel();
  }

  /** Stops its event loop, as SIGSTOP or a long computation does. */
  freeze(duration: number): void {
    const until = this.#timeline.now + duration;
    this.frozenFor += Math.max(0, until - Math.max(this.#frozenUntil, this.#timeline.now));
    this.#frozenUntil = Math.max(this.#frozenUntil, until);
    this.#resumedAt.push(this.#frozenUntil);
  }

  /** Its clock jumps ahead, as after the suspension of a machine. */
  jump(by: number): void {
    this.#resumedAt.push(this.#timeline.now);
    this.#offset += by;
    for (const timer of this.#timers) {
      timer.cancel();
      this.#arm(timer);
    }
  }

  /** The number of its pauses that ended at or after `at`. */
  pausesSince(at: number): number {
    return this.#resumedAt.filter((end) => end >= at).length;
  }

  /** Calls `action` at its death. */
  onDeath(action: () => void): void {
    this.#ends.push(action);
  }

  die(): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    for (const end of this.#ends.splice(0)) end();
  }

  #now(): number {
    return this.#offset + this.#timeline.now * this.#rate;
  }

  #after(delay: number, wake: () => void): () => void {
    if (delay === Infinity || this.#dead) return () => {};
    const timer: Timer = { due: this.#now() + Math.max(0, delay), wake, cancel: () => {} };
    this.#timers.add(timer);
    this.#arm(timer);
    return () => {
      this.#timers.delete(timer);
      timer.cancel();
    };
  }

  /** As in Node, a timer may fire up to a millisecond early, by the clock that code reads, or late. */
  #arm(timer: Timer): void {
    const inaccuracy = this.#dice.chance(0.1) ? -0.9 : this.#dice.below(3);
    timer.cancel = this.in(Math.max(0, (timer.due - this.#now()) / this.#rate + inaccuracy), () => {
      this.#timers.delete(timer);
      timer.wake();
    });
  }
}
