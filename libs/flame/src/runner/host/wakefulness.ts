import { availableParallelism } from 'node:os';

/** A call that comes so soon after the last one, in milliseconds, is worth staying awake for. */
const soon = 0.2;
/** So many calls in a row have to have come that soon. */
const inARow = 8;
/** How much of the mean one time between calls is. */
const share = 1 / 8;

/** What it goes by: milliseconds, and what to do in the next turn of the event loop. */
export interface Turns {
  now(): number;
  next(action: () => void): void;
}

/**
 * Keeps a runner awake between calls that follow each other within 0.2 ms. A process that sleeps has to be woken by the system, which takes longer than such a
 * call does; the schedulers of Erlang, on which FLAME runs, stay awake in the same way. It does so when the last eight calls came that soon, and for twice the time
 * that they took on the average: the system may have put the parent on this very core, where it waits until the runner sleeps. Where the next one does not come,
 * the runner sleeps, and eight have to come anew: who makes longer calls, or fewer, pays nothing.
 */
export class Wakefulness {
  readonly #turns: Turns;
  /** When the last work ended; Infinity while there is some. */
  #idleSince = -Infinity;
  /** Calls in a row that came soon. */
  #quick = 0;
  /** The mean time until a call that came soon. */
  #mean = soon / 2;
  #awake = false;

  constructor(turns: Turns = { now: () => performance.now(), next: (action) => void setImmediate(action) }) {
    this.#turns = turns;
  }

  get #patience(): number {
    return Math.min(soon, 2 * this.#mean);
  }

  /** Says whether work runs. */
  busy(works: boolean): void {
    const now = this.#turns.now();
    if (works) {
      const idle = now - this.#idleSince;
      this.#quick = idle < this.#patience ? this.#quick + 1 : 0;
      if (idle < soon) this.#mean += (idle - this.#mean) * share;
      this.#idleSince = Infinity;
      return;
    }
    this.#idleSince = now;
    if (this.#quick < inARow || this.#awake) return;
    this.#awake = true;
    this.#turns.next(this.#look);
  }

  /** The event loop looks for what has come in, and does not sleep as long as there is something for it to do. */
  readonly #look = (): void => {
    const idle = this.#turns.now() - this.#idleSince;
    this.#awake = idle >= 0 && idle < this.#patience;
    if (this.#awake) this.#turns.next(this.#look);
  };
}

/** This process's; none where there is one core: the parent's work would wait for it. */
export function wakefulness(): Wakefulness | undefined {
  return availableParallelism() > 1 ? new Wakefulness() : undefined;
}
