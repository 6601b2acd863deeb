import { OptionReader } from '../../core/options/option-reader.js';
import type { CallOptions } from '../../pool/calls/pending-call.js';
import { flameReturns } from '../decorator/returns.js';
import type { Delivery, FlameReturns } from '../decorator/returns.js';
import { readRetry, readTracking } from '../decorator/handler-options.js';
import type { HandlerOptions } from '../decorator/handler-options.js';

/**
 * Options of `flame.on`, `flame.call` and `flame.cast`. The defaults are the method's `@OnFlame` options, then the pool's. They also hold on a runner and
 * inside a handler, where the method runs in place: there a call has at most the time of the call around it, and is aborted with that call
 * unless `link` is false.
 */
export interface FlameCallOptions extends HandlerOptions {
  /** Time for waiting, booting and running together, in milliseconds. When left out, each has its own limit. */
  timeout?: number;
  /** Cancels the call: at once while it waits, by aborting the handler's signal while it runs. */
  signal?: AbortSignal;
  /**
   * Whether the handler is aborted when its caller leaves.
   *
   * @default true
   */
  link?: boolean;
  /**
   * Called with each value of the handler's `FlameCall.current().progress(value)`, in order and before the result. An error that it throws
   * is logged.
   */
  onProgress?(value: unknown): void;
  /**
   * What the methods called through this proxy return, if their code does not show it at run time.
   *
   * @default the option `returns` of `@OnFlame`, or the kind of function and the class of the return type
   */
  returns?: FlameReturns;
}

/** The options that only calls of a pool's handlers have: children live once, and other regions have no runners. */
export const ofPools = ['retry', 'idempotent', 'trackResources'] as const satisfies readonly (keyof FlameCallOptions)[];

export type ReadCallOptions = CallOptions & { returns?: FlameReturns };

/** Checks call options. Those in `without` are refused like unknown options. `more` reads further ones. */
export function readCallOptions(
  options: object,
  path: string,
  without: readonly (keyof FlameCallOptions)[] = [],
  more?: (read: OptionReader) => void,
): ReadCallOptions {
  const read = new OptionReader(options, path);
  const given: ReadCallOptions = {};
  if (read.raw('timeout') !== undefined) given.timeout = read.duration('timeout', Infinity);
  if (!without.includes('link') && read.raw('link') !== undefined) given.linked = read.flag('link', true);
  const signal = read.raw('signal');
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw read.refuse('signal', 'must be an AbortSignal', 'Pass the signal of an AbortController.');
  if (signal) given.signal = signal;
  const onProgress = read.hook<(value: unknown) => void>('onProgress');
  if (onProgress) given.onProgress = onProgress;
  if (!without.includes('returns') && read.raw('returns') !== undefined) given.returns = read.choice('returns', flameReturns, 'promise');
  if (!without.includes('retry')) {
    const retry = readRetry(read);
    if (retry) given.retry = retry;
    if (read.raw('idempotent') !== undefined) given.idempotent = read.flag('idempotent', false);
    given.tracks = readTracking(read);
  }
  more?.(read);
  read.done();
  return given;
}

/** The options of a call whose result is read as a stream. */
export function reading(options: CallOptions, { reads, signal }: Delivery): CallOptions {
  return { ...options, reads, signal: options.signal ? AbortSignal.any([options.signal, signal]) : signal };
}
