import type { Clock } from '../core/clock.js';

/** A timer that is this late shows that the process was paused or blocked, in milliseconds. */
const pause = 1_000;
/** Time to read what arrived during a pause, in milliseconds. */
const readTime = 100;

/**
 * A pool's one timer. It wakes at the earliest of the times that it was set to. After a pause of the process it first waits `readTime`, so
 * that a call whose answer has arrived is not timed out.
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

  /** A time later than the present one changes nothing: when it wakes too early, its owner sets it again. */
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
