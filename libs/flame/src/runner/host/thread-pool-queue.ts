import { randomBytes } from 'node:crypto';

/** A job that takes no time is back within this, in milliseconds, where no others are before it. */
const short = 100;

/**
 * Measures for how long Node's thread pool, in which asynchronous hashing and compression run, has had more jobs than threads: by a job
 * that takes no time.
 */
export class ThreadPoolQueue {
  #waited = 0;
  #since: number | undefined;
  #closed = false;

  /** Counts up, in milliseconds. What it asks for now counts next time. */
  get waited(): number {
    if (this.#since === undefined) this.#ask();
    const waits = performance.now() - this.#since!;
    return this.#waited + (waits < short ? 0 : waits);
  }

  close(): void {
    this.#closed = true;
  }

  #ask(): void {
    const since = performance.now();
    this.#since = since;
    randomBytes(1, () => {
      this.#since = undefined;
      const waited = performance.now() - since;
      if (waited < short || this.#closed) return;
      this.#waited += waited;
      this.#ask();
    });
  }
}
