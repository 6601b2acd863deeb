import { InPlaceScope, type InPlaceScopeSetup, InPlaceActiveCall } from '../nest/flame/in-place.js';
import type { TracedCall } from '../core/call/call-tracer.js';
import type { CallOptions } from '../pool/calls/pending-call.js';
import { currentCall } from '../runner/executor/flame-call.js';

/** The settings of calls that run on this instance. */
export interface RegionInPlaceSetup extends InPlaceScopeSetup {
  readonly instance: string;
  /** The timeout of a call that does not set one, in milliseconds. */
  readonly timeout: number;
}

/**
 * Runs a method on this instance, because the call's region is this one. The arguments are passed as they are, without encoding. The
 * timeout and the signal apply as on another instance: until the result, or for a stream until its end.
 */
export async function runInPlace(setup: RegionInPlaceSetup, name: string, options: CallOptions, run: () => unknown): Promise<unknown> {
  const { clock, instance, timeout } = setup;
  const outer = currentCall();
  const traced: TracedCall = { pool: outer?.host.pool ?? '', handler: name, mode: 'call', attempt: 1 };
  const scope = new InPlaceScope(setup, { name, where: 'running here', options, timeout, traced });
  // Inside a pool's handler, this work is nested in the work of that handler.
  return scope.run(new InPlaceActiveCall(scope, outer?.host.pool ?? '', instance, clock, outer), run);
}
