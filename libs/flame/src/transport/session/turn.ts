import type { Frame } from '../../core/session/frame.js';

const most = 128;
const least = 8;
/** Bytes of values in shared memory after which an end reads on in the next turn. */
const mostBytes = 1024 * 1024;

/** What an end may still read in this turn of the event loop. The last frame may exceed `bytes`. */
export interface TurnLimit {
  frames: number;
  /** Bytes of values in shared memory. */
  bytes: number;
}

/**
 * How much an end reads in one turn of the event loop.
 *
 * An end that waits for answers reads half as many frames as answers are missing, between 8 and 128. The next calls of the first half leave
 * before this end reads the second half, and the other process works meanwhile. Otherwise all callers move in step, and one of two cores
 * always waits for the other. An end that only answers reads up to 128 frames. Smaller parts cost more in system calls than they gain.
 *
 * Gain (Node 26, values of 1 KiB, 64 callers): 157 thousand calls a second instead of 79.
 *
 * An end that only answers stops reading, too, when it has read 1 MiB of values from shared memory: the calls of these values begin before
 * the next values are read, so fewer values are alive at once, and V8 needs fewer full collections. Gain (arguments of 1 MiB, 16 callers): 2
 * to 3 times the calls under Node 26, 1.2 to 2 times under Node 20. Results gain nothing from it.
 */
export class TurnSize {
  /** Calls that this end has sent and that have no answer yet. */
  #awaited = 0;

  limit(): TurnLimit {
    if (this.#awaited === 0) return { frames: most, bytes: mostBytes };
    return { frames: Math.min(most, Math.max(least, this.#awaited >>> 1)), bytes: Infinity };
  }

  /** A frame leaves this end. */
  sent({ type }: Frame): void {
    if (type === 'call') this.#awaited++;
  }

  /** A frame has come in. */
  came({ type }: Frame): void {
    if (this.#awaited > 0 && (type === 'return' || type === 'throw' || type === 'refuse')) this.#awaited--;
  }
}

/**
 * Calls `action` at the end of this turn of the event loop: after all microtasks, including those queued later, and before any I/O.
 * `nextTick` alone runs before the microtasks, and a microtask runs before later microtasks. Both together run last, and in time for Node's
 * HTTP/2, which writes in the check phase of the turn.
 */
export function endOfTurn(action: () => void): void {
  queueMicrotask(() => process.nextTick(action));
}
