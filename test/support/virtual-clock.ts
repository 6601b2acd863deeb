import type { Clock } from '../../libs/flame/src/core/clock.js';

interface Timer {
  readonly at: number;
  readonly wake: () => void;
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Time that stands still until a test takes it on. */
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

  /** Takes time on by `duration` milliseconds, firing what falls due in order, each with all that follows from it. */
  async advance(duration: number): Promise<void> {
    const end = this.#now + duration;
    await settle();
    for (;;) {
      const next = Array.from(this.#timers)
        .sort((a, b) => a.at - b.at)
        .find((timer) => timer.at <= end);
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      await settle();
    }
    this.#now = end;
  }
}
