import { setTimeout as pause } from 'node:timers/promises';
import type { FlameLog } from '../../core/flame-log.js';

/** The pause before the next try of a removal, in milliseconds. It doubles up to the longest. */
const firstPause = 2_000;
const longestPause = 60_000;

export interface Leftover {
  /** Removes the leftover, and resolves to whether it existed. Rejects with an error that says how to remove it by hand. */
  readonly remove: () => Promise<boolean>;
  /**
   * Time in milliseconds in which the platform may still create the leftover, after a request without an answer. Removals are repeated for
   * this time.
   *
   * @default 0
   */
  readonly mayComeFor?: number;
}

/**
 * Removes what could not be removed at first, because the platform did not answer or refused. Removals are repeated until they succeed. A
 * leftover does not occupy a runner's place in its pool. Leftovers that remain when the app closes are logged, and the next parent removes
 * them.
 */
export class Leftovers {
  readonly #log: Pick<FlameLog, 'error'>;
  readonly #limit: number;
  readonly #all = new Map<string, { problem: string; tried: Promise<void> }>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  /** When the app closes, each removal is tried once more, for `limit` milliseconds, but at most one minute. */
  constructor(log: Pick<FlameLog, 'error'>, limit: number) {
    this.#log = log;
    this.#limit = Math.min(limit, longestPause);
  }

  /** `what` names one leftover for people, such as "pod work-1". `problem` is the reason why it has not been removed. */
  add(what: string, problem: string, leftover: Leftover): void {
    if (this.#all.has(what)) return;
    const entry = { problem, tried: Promise.resolve() };
    this.#all.set(what, entry);
    entry.tried = this.#try(entry, leftover).then((gone) => void (gone && this.#all.delete(what)));
  }

  /** Resolves when each leftover is removed or logged. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    const done = new AbortController();
    const late = pause(this.#limit, undefined, { signal: done.signal }).catch(() => undefined);
    await Promise.race([Promise.all(Array.from(this.#all.values(), ({ tried }) => tried)), late]);
    done.abort();
    for (const [what, { problem }] of this.#all) this.#log.error(`${what} may still exist: ${problem}`);
  }

  /** Resolves to true when the leftover is gone, or to false when the app closes. */
  async #try(entry: { problem: string }, { remove, mayComeFor = 0 }: Leftover): Promise<boolean> {
    const { signal } = this.#closing;
    const until = performance.now() + mayComeFor;
    for (let time = firstPause; ; time = Math.min(longestPause, time * 2)) {
      await pause(time, undefined, { signal, ref: false }).catch(() => undefined);
      const last = signal.aborted;
      try {
        if ((await remove()) || last || performance.now() >= until) return true;
      } catch (error) {
        entry.problem = (error as Error).message;
        if (last) return false;
      }
    }
  }
}
