import type { Pool } from '../../pool/pool.js';
import type { FlameApp, OpenApp } from '../module/flame-app.js';
import { notKnown, readMark } from './inline-errors.js';

/** An inline function that was given to `Flame`, with what it captured at that moment. */
export interface InlineTarget {
  /** `Class.method/n`. */
  readonly name: string;
  readonly pool: Pool;
  readonly open: OpenApp;
  /** The `this` of the place of the function. */
  readonly self: unknown;
  readonly captured: unknown[];
  /** The handler's number; undefined where the function runs in place. */
  readonly handler: number | undefined;
}

/**
 * Calls the thunk of the function once. `asker` is for errors, and `above` is the function that `Flame` called with `fn`.
 *
 * @throws {FlameError} FLAME_CONFIG or FLAME_DENIED when the function, the pool or its class is not known
 */
export function inlineTarget(app: FlameApp, poolName: string, fn: Function, asker: string, above: Function): InlineTarget {
  const mark = readMark(fn, asker);
  const pool = app.pool(poolName, asker);
  const open = app.opened(asker);
  // A new array at each call.
  const captured = mark.captures === undefined ? [undefined] : (mark.captures() as unknown as unknown[]);
  const self = captured.shift();
  const handler = app.runsInPlace ? undefined : open.index.numberOfInline(mark, self);
  if (handler === undefined && !app.runsInPlace) throw notKnown(mark, self, asker, above);
  return { name: mark.id, pool, open, self, captured, handler };
}
