import type { Clock } from '../core/clock.js';

interface Timer {
  readonly at: number;
  readonly wake: () => void;
}

/**
 * The number of event-loop turns that run before time advances. Several are needed, because a frame crosses memory in one turn, and its
 * answer in the next.
 */
const turns = 5;

/**
 * A clock that stands still until a test advances it, so that half a minute of a pool takes no real time. Only the pools use this clock;
 * the app's own timers run in real time.
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

  /** The number of timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Runs everything that does not wait for a timer. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /**
   * Advances time by `duration` milliseconds. Due timers fire in order, and all work that a timer causes runs before the next one fires.
   */
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
