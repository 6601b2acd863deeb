import type { CallState, PoolCall } from '../../core/pool/entries.js';

/** The current state of a call that waits or holds a slot. */
export interface CallStats {
  readonly id: number;
  readonly handler: string;
  readonly state: CallState;
  /** The runner of the call; undefined while the call waits. */
  readonly runner: string | undefined;
  /** How long the call has waited, or waited before it ran, in milliseconds. */
  readonly waited: number;
  /** Milliseconds since the call was passed to its runner; 0 before that. */
  readonly ran: number;
}

export function callStats(call: Readonly<PoolCall>, now: number): CallStats {
  const { id, label, state, runner, cameAt, ranAt } = call;
  return { id, handler: label, state, runner: runner?.id, waited: (runner ? ranAt : now) - cameAt, ran: runner ? now - ranAt : 0 };
}

/** The first `limit` items. */
export function* firstOf<T>(items: Iterable<T>, limit: number): Generator<T> {
  let left = limit;
  if (left <= 0) return;
  for (const item of items) {
    yield item;
    if (--left === 0) return;
  }
}
