import type { Clock } from '../core/clock.js';

/** A timer that is later than this shows that the process was paused or blocked. In milliseconds. */
const pause = 1_000;
/** Time to read what arrived during a pause, in milliseconds. */
const readTime = 100;

/**
 * The only timer of a pool. It wakes at the earliest of the times that were set. After a pause of the process it first waits `readTime`, so
 * that a call whose answer has already arrived does not time out.
 */
export class PoolTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #at = Infinity;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** A time later than the current one has no effect. If the timer wakes too early, its owner sets it again. */
  set(at: number): void {
    if (at >= this.#at) return;
    this.#cancel?.();
    this.#at = at;
    const now = this.#clock.now();
    const due = Math.max(at, now);
    this.#cancel = this.#clock.after(due - now, () => {
      if (this.#clock.now() - due > pause) this.#cancel = this.#clock.after(readTime, this.#ring);
      else this.#ring();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  readonly #ring = (): void => {
    this.#at = Infinity;
    this.#cancel = undefined;
    this.#wake();
  };
}
