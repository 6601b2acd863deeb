import { setTimeout as sleep } from 'node:timers/promises';

/** A rate limit of the platform for one kind of request, for one app or machine. */
export interface Pace {
  /** Requests per second on average. */
  readonly perSecond: number;
  /** Requests in a burst, after a time without requests. */
  readonly burst: number;
}

/** The clock and the timer, which tests replace. */
export interface Waiting {
  now(): number;
  /** Rejects with the signal's reason when it aborts. */
  sleep(time: number, signal?: AbortSignal): Promise<void>;
}

const realWaiting: Waiting = {
  now: () => performance.now(),
  sleep: async (time, signal) => {
    await sleep(time, undefined, { signal }).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  },
};

/**
 * Delays requests so that they stay within the platform's rate limit, first come, first served. Other clients may use the same limit
 * (another parent, `fly` in a terminal). If the platform refuses a request, `refused` delays the next ones.
 *
 * Implements the generic cell rate algorithm: for each key it keeps the time at which the next request would be on schedule.
 */
export class FlyPace {
  readonly #waiting: Waiting;
  readonly #due = new Map<string, number>();

  constructor(waiting: Waiting = realWaiting) {
    this.#waiting = waiting;
  }

  /** Resolves when the next request of this kind may be sent. */
  async turn(key: string, { perSecond, burst }: Pace, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const now = this.#waiting.now();
    const interval = 1_000 / perSecond;
    const due = Math.max(now, this.#due.get(key) ?? 0);
    this.#due.set(key, due + interval);
    this.#forgetPast(now);
    const wait = due - (burst - 1) * interval - now;
    if (wait > 0) await this.#waiting.sleep(wait, signal);
  }

  /** Delays requests of this kind after a refusal; resolves after `time` milliseconds. */
  async refused(key: string, { perSecond, burst }: Pace, time: number, signal?: AbortSignal): Promise<void> {
    const again = this.#waiting.now() + time + ((burst - 1) * 1_000) / perSecond;
    this.#due.set(key, Math.max(again, this.#due.get(key) ?? 0));
    await this.#waiting.sleep(time, signal);
  }

  /** Removes old keys, because each machine has its own. */
  #forgetPast(now: number): void {
    if (this.#due.size < 1_000) return;
    for (const [key, due] of this.#due) if (due < now) this.#due.delete(key);
  }
}
