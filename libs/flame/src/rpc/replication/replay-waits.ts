import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../../core/clock.js';
import { databaseAnswer } from './database-answer.js';

/** The state of a position on the local database: reached, not reached yet, or an error if it will never be. */
export type PositionState = 'reached' | 'pending' | Error;

export interface ReplayWaitsSetup {
  /** Asks the database for the states of these positions, in their order. */
  readonly look: (positions: readonly string[]) => Promise<readonly PositionState[]>;
  readonly clock: Clock;
}

interface Wait {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The pause after a look at which something was reached, and the longest pause, in milliseconds. */
const shortest = 1;
const longest = 50;

/** The longest pause before the look at a new position, in milliseconds. */
const mostForNew = 5;

/**
 * All waits of a process for a replica. They share one query at a time. It is repeated with pauses that grow from 1 to 50 ms while nothing
 * is reached. Nothing is asked while nobody waits.
 */
export class ReplayWaits {
  readonly #setup: ReplayWaitsSetup;
  readonly #waits = new Map<string, Set<Wait>>();
  /** Looks belong to all calls, so they run in the async context of none. */
  readonly #scope = new AsyncResource('FLAMEREPLICATION');
  #looking = false;
  #lookedAt = -Infinity;
  #pause = shortest;
  #cancel: (() => void) | undefined;
  #lastError: unknown;

  constructor(setup: ReplayWaitsSetup) {
    this.#setup = setup;
  }

  /** Resolves when `position` is reached. When `signal` aborts, rejects with the error of the last look if it failed, else the reason. */
  wait(position: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const stop = (): void => {
        signal.removeEventListener('abort', aborted);
        const waits = this.#waits.get(position);
        if (waits?.delete(wait) && waits.size === 0) this.#waits.delete(position);
        if (this.#waits.size === 0) this.#rest();
      };
      const wait: Wait = {
        resolve: () => (stop(), resolve()),
        reject: (error) => (stop(), reject(error as Error)),
      };
      const aborted = (): void => wait.reject(this.#lastError ?? signal.reason);
      signal.addEventListener('abort', aborted, { once: true });
      const waits = this.#waits.get(position);
      if (waits) waits.add(wait);
      else this.#waits.set(position, new Set([wait]));
      this.#lookWithin(mostForNew);
    });
  }

  /** Sees to it that the next look begins at most `pause` milliseconds after the last one. */
  #lookWithin(pause: number): void {
    if (this.#looking) {
      this.#pause = Math.min(this.#pause, pause);
      return;
    }
    const { clock } = this.#setup;
    const delay = Math.min(this.#pause, pause) - (clock.now() - this.#lookedAt);
    this.#cancel?.();
    this.#cancel = undefined;
    if (delay <= 0) void this.#scope.runInAsyncScope(this.#look, this);
    else this.#cancel = this.#scope.runInAsyncScope(() => clock.after(delay, () => void this.#look()));
  }

  async #look(): Promise<void> {
    this.#looking = true;
    this.#pause = Math.min(this.#pause * 2, longest);
    const positions = [...this.#waits.keys()];
    try {
      const states = await databaseAnswer(this.#setup.clock, this.#setup.look(positions));
      this.#lastError = undefined;
      positions.forEach((position, index) => this.#settle(position, states[index] ?? 'pending'));
    } catch (error) {
      this.#lastError = error;
      this.#pause = longest;
    }
    this.#looking = false;
    this.#lookedAt = this.#setup.clock.now();
    if (this.#waits.size > 0) this.#lookWithin(longest);
    else this.#rest();
  }

  #settle(position: string, state: PositionState): void {
    if (state === 'pending') return;
    this.#pause = shortest;
    for (const wait of this.#waits.get(position) ?? []) {
      if (state === 'reached') wait.resolve();
      else wait.reject(state);
    }
  }

  #rest(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#looking) return;
    this.#pause = shortest;
    this.#lastError = undefined;
  }
}
