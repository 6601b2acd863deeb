import { OptionReader } from '../../core/options/option-reader.js';
import { merged } from '../../core/merged.js';
import type { CallOptions } from '../../pool/calls/pending-call.js';
import { flameReturns } from '../decorator/returns.js';
import type { Delivery, FlameReturns } from '../decorator/returns.js';

/**
 * Options of `flame.on` and `flame.cast`; left out, the method's `@OnFlame` counts, then the pool. On a runner and inside a handler, where the method runs in
 * place, they hold as well; there a call has no more time than the call around, which stands for the pool, and is aborted with it unless `link` is false.
 */
export interface FlameCallOptions {
  /** Time for waiting, booting and running together, in milliseconds. Left out, each has its own clock. */
  timeout?: number;
  /** Ends the call: while it waits at once, while it runs by aborting the handler's signal. */
  signal?: AbortSignal;
  /**
   * Whether the work ends when its caller goes.
   *
   * @default true
   */
  link?: boolean;
  /** Told what the handler gives to `FlameCall.current().progress`, in its order and before the result. What it throws is logged. */
  onProgress?(value: unknown): void;
  /**
   * What the methods called through this proxy return, where their code does not show it at run time.
   *
   * @default what `@OnFlame` says, or the kind of function and the class of the return type
   */
  returns?: FlameReturns;
}

export type ReadCallOptions = CallOptions & { returns?: FlameReturns };

/** Call options, checked; `without` is one that makes no sense here, and is refused like an unknown one. */
export function readCallOptions(options: FlameCallOptions, path: string, without?: 'link' | 'returns'): ReadCallOptions {
  const read = new OptionReader(options, path);
  const given: ReadCallOptions = {};
  if (read.raw('timeout') !== undefined) given.timeout = read.duration('timeout', Infinity);
  if (without !== 'link' && read.raw('link') !== undefined) given.linked = read.flag('link', true);
  const signal = read.raw('signal');
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw read.refuse('signal', 'must be an AbortSignal', 'Give the signal of an AbortController.');
  if (signal) given.signal = signal;
  const onProgress = read.hook<(value: unknown) => void>('onProgress');
  if (onProgress) given.onProgress = onProgress;
  if (without !== 'returns' && read.raw('returns') !== undefined) given.returns = read.choice('returns', flameReturns, 'promise');
  read.done();
  return given;
}

/** The same for a result that is read as a stream. */
export function reading(options: CallOptions, { reads, signal }: Delivery): CallOptions {
  return merged(options, { reads, signal: options.signal ? AbortSignal.any([options.signal, signal]) : signal });
}
