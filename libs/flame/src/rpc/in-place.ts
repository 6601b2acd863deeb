import type { AbortListeners } from '../core/call/abort-listeners.js';
import type { Clock } from '../core/clock.js';
import { InPlaceScope, InPlaceWork } from '../nest/flame/in-place.js';
import type { CallOptions } from '../pool/calls/pending-call.js';
import { currentWork } from '../runner/executor/flame-call.js';

/** What calls to this very region are made with. */
export interface RegionPlace {
  readonly instance: string;
  readonly clock: Clock;
  readonly listeners: AbortListeners;
  /** The time that a call has where it does not say. */
  readonly timeout: number;
}

/**
 * Runs a method here, since its region is this one: on this very instance, with the arguments as they are, and with the time and the signal that it
 * would have elsewhere, for what it gives and, if that is a stream, to the stream's end.
 */
export async function runInPlace(place: RegionPlace, name: string, options: CallOptions, run: () => unknown): Promise<unknown> {
  const { clock, listeners, instance, timeout } = place;
  const scope = new InPlaceScope({ clock, listeners }, { name, where: 'running here', options, timeout });
  const outer = currentWork();
  // Inside of a pool's handler it is still part of that.
  return scope.run(new InPlaceWork(scope, outer?.place.pool ?? '', instance, clock, outer), run);
}
