import type { CallState, PoolCall } from '../../core/pool/entries.js';

/** One call at one moment. It waits or holds a slot. */
export interface CallStats {
  readonly id: number;
  readonly handler: string;
  readonly state: CallState;
  /** Where it runs; undefined while it waits. */
  readonly runner: string | undefined;
  /** Milliseconds that it has waited, or had before it ran. */
  readonly waited: number;
  /** Milliseconds since it was handed to its runner; 0 before. */
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
