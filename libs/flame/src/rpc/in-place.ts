import { InPlaceScope, type InPlaceScopeSetup, InPlaceWork } from '../nest/flame/in-place.js';
import type { TracedCall } from '../core/call/call-tracer.js';
import type { CallOptions } from '../pool/calls/pending-call.js';
import { currentWork } from '../runner/executor/flame-call.js';

/** What calls to this very region are made with. */
export interface RegionPlace extends InPlaceScopeSetup {
  readonly instance: string;
  /** The time that a call has where it does not say. */
  readonly timeout: number;
}

/**
 * Runs a method here, since its region is this one: on this very instance, with the arguments as they are, and with the time and the signal
 * that it would have elsewhere, for what it gives and, if that is a stream, to the stream's end.
 */
export async function runInPlace(place: RegionPlace, name: string, options: CallOptions, run: () => unknown): Promise<unknown> {
  const { clock, instance, timeout } = place;
  const outer = currentWork();
  const traced: TracedCall = { pool: outer?.place.pool ?? '', handler: name, mode: 'call', attempt: 1 };
  const scope = new InPlaceScope(place, { name, where: 'running here', options, timeout, traced });
  // Inside of a pool's handler it is still part of that.
  return scope.run(new InPlaceWork(scope, outer?.place.pool ?? '', instance, clock, outer), run);
}
