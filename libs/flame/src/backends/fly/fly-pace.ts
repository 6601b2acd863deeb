import { setTimeout as sleep } from 'node:timers/promises';

/** How many requests the platform takes of one kind, for one app or machine. */
export interface Pace {
  /** Requests a second, in the long run. */
  readonly perSecond: number;
  /** Requests at once, after a while without any. */
  readonly burst: number;
}

/** The time and the waiting, which tests drive. */
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
 * Lets requests out no faster than the platform takes them, first come, first served, so that they are not refused in the first place.
 * Others may use the same limits (another parent, `fly` in a terminal): a refusal is told to `refused`, and holds the next ones up.
 *
 * It is the generic cell rate algorithm: for each key, the time at which the next request would be on schedule.
 */
export class FlyPace {
  readonly #waiting: Waiting;
  readonly #due = new Map<string, number>();

  constructor(waiting: Waiting = realWaiting) {
    this.#waiting = waiting;
  }

  /** Resolves when the next request of this kind may go out. */
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

  /** The platform wants no request of this kind for a while; waits for that long. */
  async refused(key: string, { perSecond, burst }: Pace, time: number, signal?: AbortSignal): Promise<void> {
    const again = this.#waiting.now() + time + ((burst - 1) * 1_000) / perSecond;
    this.#due.set(key, Math.max(again, this.#due.get(key) ?? 0));
    await this.#waiting.sleep(time, signal);
  }

  /** Machines come and go, and their keys with them. */
  #forgetPast(now: number): void {
    if (this.#due.size < 1_000) return;
    for (const [key, due] of this.#due) if (due < now) this.#due.delete(key);
  }
}
