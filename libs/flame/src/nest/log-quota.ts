/** How many lines may pass in a second, and how long each may be. */
export const linesPerSecond = 1_000;
export const lineLength = 8_192;

/** Lets so many lines of a logger pass in each second, and counts those that are dropped. */
export class LogQuota {
  readonly #now: () => number;
  #since = -Infinity;
  #passed = 0;
  #dropped = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether one more line may pass. */
  take(): boolean {
    const now = this.#now();
    if (now - this.#since >= 1_000) {
      this.#since = now;
      this.#passed = 0;
    }
    if (this.#passed >= linesPerSecond) {
      this.#dropped += 1;
      return false;
    }
    this.#passed += 1;
    return true;
  }

  /** How many were dropped since the last time. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}
