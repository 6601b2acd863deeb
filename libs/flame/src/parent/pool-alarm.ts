import type { Clock } from '../core/clock.js';

/** A pool's one timer: it goes off at the earliest of the times that it was set to. */
export class PoolAlarm {
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
    this.#cancel = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      this.#at = Infinity;
      this.#cancel = undefined;
      this.#wake();
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}
