import { OptionReader, show } from '../../core/options/option-reader.js';
import type { CallOptions } from '../../pool/calls/pending-call.js';

/** How a call waits until the local replica has its writes. */
export interface AwaitReplicaOptions {
  /**
   * Time to wait after the result has come, in milliseconds, within the call's own `timeout`.
   *
   * @default 5_000
   */
  timeout?: number;
  /**
   * What the caller gets if the replica does not have the writes in time, or if that cannot be known. With `'fail'`: a `FLAME_TIMEOUT` or
   * `FLAME_LOST` with `ran: 'yes'` and the result in `error.result`. With `'return'`: the result, and a warning in the log.
   *
   * @default 'fail'
   */
  onTimeout?: 'fail' | 'return';
}

/**
 * Whether a call to the primary region waits until the local replica has its writes: `true` with the defaults. With `false`, the call also
 * leaves no position in a session.
 */
export type AwaitReplica = boolean | AwaitReplicaOptions;

/** The checked options of a wait. */
export interface ReplicaWait {
  readonly timeout: number;
  readonly onTimeout: 'fail' | 'return';
}

/** Options of a call to a region. `awaitReplica` is undefined if the call does not wait, and false if it needs no position at all. */
export type RpcCallOptions = CallOptions & { awaitReplica?: ReplicaWait | false };

const defaults = { timeout: 5_000, onTimeout: 'fail' } as const satisfies AwaitReplicaOptions;

/** Reads the option `awaitReplica`. @throws {FlameError} FLAME_CONFIG */
export function readAwaitReplica(read: OptionReader): RpcCallOptions['awaitReplica'] {
  const value = read.raw('awaitReplica');
  if (value === undefined || value === false) return value;
  if (value === true) return defaults;
  if (typeof value !== 'object' || value === null)
    throw read.refuse('awaitReplica', `must be true, false or options, but is ${show(value)}`, 'Pass for example { timeout: 2_000 }.');
  return readReplicaWait(new OptionReader(value, `${read.path}.awaitReplica`), true);
}

/** Reads `timeout` and `onTimeout`. If `all`, no other option may be there. */
export function readReplicaWait(read: OptionReader, all: boolean): ReplicaWait {
  const wait = {
    timeout: read.duration('timeout', defaults.timeout),
    onTimeout: read.choice('onTimeout', ['fail', 'return'], defaults.onTimeout),
  };
  if (all) read.done();
  return wait;
}
