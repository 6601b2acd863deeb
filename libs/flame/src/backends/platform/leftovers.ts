import { setTimeout as pause } from 'node:timers/promises';
import type { FlameLog } from '../../core/flame-log.js';

/** Time before a removal is tried again, in milliseconds. It doubles up to the longest. */
const firstPause = 2_000;
const longestPause = 60_000;

export interface Leftover {
  /** Removes it, and resolves to whether it was there. Rejects with an error that says how to remove it by hand. */
  readonly remove: () => Promise<boolean>;
  /**
   * Time in milliseconds in which the platform may still make it, after a request without an answer. For that time it is looked for.
   *
   * @default 0
   */
  readonly mayComeFor?: number;
}

/**
 * Removes what could not be removed at first, because the platform did not answer or refused. Removals are repeated until they succeed. A
 * leftover takes no runner's place in its pool. What is left when the app closes is logged, and the next parent removes it.
 */
export class Leftovers {
  readonly #log: Pick<FlameLog, 'error'>;
  readonly #limit: number;
  readonly #all = new Map<string, { problem: string; tried: Promise<void> }>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  /** When the app closes, all are tried once more, for `limit` milliseconds and a minute at most. */
  constructor(log: Pick<FlameLog, 'error'>, limit: number) {
    this.#log = log;
    this.#limit = Math.min(limit, longestPause);
  }

  /** `what` names one leftover for people, such as "pod work-1". `problem` is why it could not be removed so far. */
  add(what: string, problem: string, leftover: Leftover): void {
    if (this.#all.has(what)) return;
    const entry = { problem, tried: Promise.resolve() };
    this.#all.set(what, entry);
    entry.tried = this.#try(entry, leftover).then((gone) => void (gone && this.#all.delete(what)));
  }

  /** Resolves when everything is removed or logged. Idempotent. */
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
    for (const [what, { problem }] of this.#all) this.#log.error(`${what} may still be there: ${problem}`);
  }

  /** Resolves when the leftover is gone (true), or the app closes (false). */
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
