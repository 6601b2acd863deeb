import { randomBytes } from 'node:crypto';

/** A job that takes no time ends within this many milliseconds, if no other jobs are queued before it. */
const short = 100;

/**
 * Measures how long Node's thread pool, which runs asynchronous hashing and compression, has had more jobs than threads. To measure it, a
 * job that takes no time is queued.
 */
export class ThreadPoolQueue {
  #waited = 0;
  #since: number | undefined;
  #closed = false;

  /** Time with a queue so far, in milliseconds: it only counts up. A job that is queued now counts in the next reading. */
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
