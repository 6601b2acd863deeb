import type { Clock } from '../core/clock.js';

/** A timer that is so late was held up by a pause of the process, or by something that blocked it for as long. */
const pause = 1_000;
/** Time in which what came in during a pause is read. */
const readTime = 100;

/**
 * A pool's one timer: it goes off at the earliest of the times that it was set to. After a pause of the process it first leaves time to read what came in
 * meanwhile, so that a call whose answer is there is not told that its time is up.
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

  /** A later time than the one that it is set to changes nothing: who is woken too early sets it again. */
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
