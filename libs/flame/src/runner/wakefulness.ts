import { availableParallelism } from 'node:os';

/** A call that comes so soon after the last one, in milliseconds, is worth staying awake for. */
const soon = 0.2;
/** How long, in milliseconds, no call is waited for in this way after one was in vain. */
const pause = 1_000;

/** What it goes by: milliseconds, and what to do in the next turn of the event loop. */
export interface Turns {
  now(): number;
  next(action: () => void): void;
}

/**
 * Keeps a runner awake between calls that follow each other within 0.2 ms. A process that sleeps has to be woken by the system, which takes longer than such a
 * call does; the schedulers of Erlang, on which FLAME runs, stay awake in the same way. Where the next call does not come in time the runner sleeps, and stays
 * awake for none within the next second: who makes longer calls, or shares its only core with the parent, pays next to nothing.
 */
export class Wakefulness {
  readonly #turns: Turns;
  /** When the last work ended; Infinity while there is some. */
  #idleSince = -Infinity;
  #notBefore = -Infinity;
  /** The last call came soon. */
  #expects = false;
  #awake = false;

  constructor(turns: Turns = { now: () => performance.now(), next: (action) => void setImmediate(action) }) {
    this.#turns = turns;
  }

  /** Says whether work runs. */
  busy(works: boolean): void {
    const now = this.#turns.now();
    if (works) {
      this.#expects = now - this.#idleSince < soon && now >= this.#notBefore;
      this.#idleSince = Infinity;
      return;
    }
    this.#idleSince = now;
    if (!this.#expects || this.#awake) return;
    this.#awake = true;
    this.#turns.next(this.#look);
  }

  /** The event loop looks for what has come in, and does not sleep as long as there is something for it to do. */
  readonly #look = (): void => {
    const now = this.#turns.now();
    const idle = now - this.#idleSince;
    if (idle >= 0 && idle < soon) return this.#turns.next(this.#look);
    this.#awake = false;
    if (idle >= soon) this.#notBefore = now + pause;
  };
}

/** This process's; none where there is one core: the parent's work would wait for it. */
export function wakefulness(): Wakefulness | undefined {
  return availableParallelism() > 1 ? new Wakefulness() : undefined;
}
