import type { Clock } from '../core/clock.js';

interface Timer {
  readonly at: number;
  readonly wake: () => void;
}

/** How often everything that is ready gets its turn before time goes on: frames cross memory in one turn, their answers in the next. */
const turns = 5;

/**
 * Time that stands still until a test takes it on: what takes a pool half a minute takes the test no time. It is the pools' time alone; the
 * app's own timers run as ever.
 */
export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now = 0;

  now(): number {
    return this.#now;
  }

  after(delay: number, wake: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delay), wake };
    if (delay < Infinity) this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets everything run that waits for nothing but its turn. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Takes time on by `duration` milliseconds; what falls due fires in order, each with all that follows from it. */
  async advance(duration: number): Promise<void> {
    const end = this.#now + duration;
    await this.settle();
    for (let next = this.#dueBy(end); next; next = this.#dueBy(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      await this.settle();
    }
    this.#now = end;
  }

  #dueBy(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.at <= end && (!first || timer.at < first.at)) first = timer;
    return first;
  }
}
