import { InPlaceScope, type InPlaceScopeSetup, InPlaceWork } from '../nest/flame/in-place.js';
import type { TracedCall } from '../core/call/call-tracer.js';
import type { CallOptions } from '../pool/calls/pending-call.js';
import { currentWork } from '../runner/executor/flame-call.js';

/** The settings of calls that run on this instance. */
export interface RegionPlace extends InPlaceScopeSetup {
  readonly instance: string;
  /** The timeout of a call that does not set one, in milliseconds. */
  readonly timeout: number;
}

/**
 * Runs a method on this instance, because the call's region is this one. The arguments are passed as they are, without encoding. The
 * timeout and the signal apply as on another instance: until the result, or for a stream until its end.
 */
export async function runInPlace(place: RegionPlace, name: string, options: CallOptions, run: () => unknown): Promise<unknown> {
  const { clock, instance, timeout } = place;
  const outer = currentWork();
  const traced: TracedCall = { pool: outer?.place.pool ?? '', handler: name, mode: 'call', attempt: 1 };
  const scope = new InPlaceScope(place, { name, where: 'running here', options, timeout, traced });
  // Inside a pool's handler, this work is nested in the work of that handler.
  return scope.run(new InPlaceWork(scope, outer?.place.pool ?? '', instance, clock, outer), run);
}
