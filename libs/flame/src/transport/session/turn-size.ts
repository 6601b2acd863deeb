import type { Frame } from '../../core/session/frame.js';

const most = 128;
const least = 8;

/**
 * How many frames an end reads in one turn of the event loop. What comes of them leaves before the rest is read, so that the other end works on it meanwhile:
 * otherwise all callers move in step, and one of two cores always waits for the other. An end that has called reads half of its answers at once, so that two
 * packets are under way; one that has not, and answers, reads all that came. Smaller pieces cost more in system calls than they bring.
 */
export class TurnSize {
  /** Calls that this end has not had the answer to. */
  #awaited = 0;

  get frames(): number {
    if (this.#awaited === 0) return most;
    return Math.min(most, Math.max(least, this.#awaited >>> 1));
  }

  sent({ type: kind }: Frame): void {
    if (kind === 'call') this.#awaited++;
  }

  came({ type: kind }: Frame): void {
    if (this.#awaited > 0 && (kind === 'return' || kind === 'throw' || kind === 'refuse')) this.#awaited--;
  }
}
