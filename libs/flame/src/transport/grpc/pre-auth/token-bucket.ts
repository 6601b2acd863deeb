import type { Clock } from '../../../core/clock.js';

/** So many tokens in a second, and as many at once after a quiet one. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #clock: Clock;
  #left: number;
  /** When `#left` was right. */
  #counted: number;

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#left = perSecond;
    this.#counted = clock.now();
  }

  /** Takes one. Says whether there was one. */
  take(): boolean {
    this.#fill();
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** Takes what there is of one. */
  spend(): void {
    this.#fill();
    this.#left = Math.max(0, this.#left - 1);
  }

  giveBack(): void {
    this.#left = Math.min(this.#perSecond, this.#left + 1);
  }

  /** Milliseconds until there is one, as of the last that was taken. */
  get wait(): number {
    return Math.max(0, ((1 - this.#left) * 1_000) / this.#perSecond);
  }

  #fill(): void {
    const now = this.#clock.now();
    this.#left = Math.min(this.#perSecond, this.#left + (Math.max(0, now - this.#counted) * this.#perSecond) / 1_000);
    this.#counted = now;
  }
}
