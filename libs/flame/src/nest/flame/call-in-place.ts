import type { CallOptions } from '../../pool/calls/pending-call.js';
import { currentCall } from '../../runner/executor/flame-call.js';
import type { ActiveCall } from '../../runner/executor/active-call.js';
import { FlameParent } from '../module/flame-parent.js';
import { InPlaceScope, InPlaceActiveCall } from './in-place.js';
import type { InPlaceSetup } from './in-place.js';

/** A call of a method in place. */
export interface PlainCall {
  readonly name: string;
  /** The pool that the caller named. */
  readonly pool: string;
  readonly options: CallOptions;
  run(): unknown;
}

/** Where a call in place runs. */
export interface CallLocation {
  readonly pool: string;
  readonly runner: string;
  /** For people. */
  readonly where: string;
  /** The work around; undefined outside of handlers. */
  readonly outer: ActiveCall | undefined;
}

/** The runner of the call around, or the runner that this process is. */
export function currentLocation(): CallLocation {
  const outer = currentCall();
  const info = FlameParent.get();
  const pool = outer?.host.pool || info?.pool || '';
  const runner = outer?.host.runnerId ?? info?.runner ?? 'here';
  return { pool, runner, where: `running in place on runner ${runner} of pool "${pool}"`, outer };
}

/** Whether options make a call in place more than a plain call of the method. */
export function isBounded({ timeout, handlerTimeout, signal, onProgress }: CallOptions): boolean {
  return timeout !== undefined || handlerTimeout !== undefined || signal !== undefined || onProgress !== undefined;
}

/** Runs a call in place within the limits of its options and, if it is linked, of the call around. */
export async function callInPlace(setup: InPlaceSetup, call: PlainCall): Promise<unknown> {
  const location = currentLocation();
  return begin(setup, location, call, call.options.linked === false ? undefined : location.outer, 'call').result();
}

/**
 * Runs a cast in place, which outlives the call around: resolves when the method has been called. `failed` is called with a later error.
 *
 * @throws {FlameError} FLAME_CANCELLED when its signal was already aborted.
 */
export async function castInPlace(setup: InPlaceSetup, call: PlainCall, failed: (error: unknown) => void): Promise<void> {
  const { linked, signal } = call.options;
  // The signal of an unlinked cast has no effect once the cast has begun.
  const options = linked === false && !signal?.aborted ? { ...call.options, signal: undefined } : call.options;
  const { scope, result } = begin(setup, currentLocation(), { ...call, options }, undefined, 'cast');
  if (scope.reason) throw scope.reason;
  result().catch(failed);
}

function begin(
  setup: InPlaceSetup,
  { pool, runner, where, outer }: CallLocation,
  { name, options, run, pool: asked }: PlainCall,
  bounds: ActiveCall | undefined,
  mode: 'call' | 'cast',
): { scope: InPlaceScope; result: () => Promise<unknown> } {
  const scope = new InPlaceScope(setup, { name, where, options, outer: bounds, traced: { pool: asked, handler: name, mode, attempt: 1 } });
  return { scope, result: () => scope.run(new InPlaceActiveCall(scope, pool, runner, setup.clock, outer), run) };
}
