import { CallScope } from '../../core/call/call-scope.js';
import type { CarriedTrace, TracedCall } from '../../core/call/call-tracer.js';
import { thrownWords } from '../../core/codec/thrown-words.js';
import type { EncodedValue, Sources, ValueEncoder } from '../../streams/value-encoder.js';
import { reusableFrom } from '../../transport/session/large-values.js';
import type { PoolSetup } from '../pool-setup.js';
import { cannotCross, hadAborted, neverStarted } from './call-errors.js';
import type { Caller } from './caller.js';
import { captureContext } from './capture-context.js';
import { ItemArgs } from './item-args.js';
import type { CallOptions } from './pending-call.js';

/** The parts of a pool that are used to prepare a call. */
export type PrepareSetup = Pick<PoolSetup, 'config' | 'clock' | 'listeners' | 'codec' | 'context' | 'tracer' | 'log' | 'captures'>;

/** The arguments of a call, which are encoded when it is made, or were encoded before. */
export type CallArgs = unknown[] | ItemArgs | EncodedArgs;

/** A call that is about to be made. */
export interface CallRequest {
  /** `Class.method`, for logs and errors. */
  readonly label: string;
  readonly handler: number;
  readonly args: CallArgs;
  readonly options: CallOptions;
  /** The caller to which the call is linked. */
  readonly caller: Caller | undefined;
  /** The attributes of the span; undefined without a tracer. */
  readonly traced: TracedCall | undefined;
}

/** The parts of a call that travel, and its scope. */
export interface PreparedCall {
  readonly args: Uint8Array;
  /** The streams and signals in the arguments. */
  readonly sources: Sources | undefined;
  readonly context: Uint8Array | undefined;
  readonly trace: CarriedTrace | undefined;
  /** Undefined for a call without a signal, caller, progress or span. */
  readonly scope: CallScope | undefined;
}

/**
 * Captures the context, begins the span and encodes the arguments.
 *
 * @throws {FlameError} FLAME_CANCELLED when the signal has aborted or the caller is gone; FLAME_ENCODING when a value cannot cross.
 */
export function prepareCall(setup: PrepareSetup, encoder: ValueEncoder, request: CallRequest): PreparedCall {
  const { config, clock, listeners, codec, tracer, log } = setup;
  const { label, args, options, caller, traced } = request;
  const { signal, onProgress } = options;
  if (signal?.aborted) throw hadAborted(label, config.name, signal);
  if (caller?.gone !== undefined) throw neverStarted(label, config.name, caller.gone);
  const begun = traced && tracer?.begin(traced);
  const record = begun?.record;
  const warn = (error: unknown): void => log.warn(`pool "${config.name}": onProgress of ${label} threw: ${thrownWords(error)}`);
  const scope = signal || caller || onProgress || record ? new CallScope({ clock, listeners, onProgress, warn, record }) : undefined;
  try {
    const context = setup.context && captureContext(setup.context, codec, label);
    const { bytes, sources } =
      args instanceof EncodedArgs ? { bytes: args.take(), sources: args.sources } : encodeArgs(setup, encoder, request, args);
    return { args: bytes, sources, context, trace: begun?.trace, scope };
  } catch (error) {
    scope?.close(error);
    throw error;
  }
}

/** The arguments of calls that are made later, or several times, as they were when they were encoded. */
export class EncodedArgs {
  readonly #bytes: Uint8Array;

  constructor(
    bytes: Uint8Array,
    /** The streams and signals in them. */
    readonly sources: Sources | undefined,
  ) {
    this.#bytes = bytes;
  }

  /** The bytes for one call. A large value is copied, because the memory of an answered call is used again, or becomes the handler's Buffer. */
  take(): Uint8Array {
    return this.#bytes.length < reusableFrom ? this.#bytes : Buffer.from(this.#bytes);
  }
}

/**
 * Encodes the arguments of one call.
 *
 * @throws {FlameError} FLAME_ENCODING when a value cannot cross.
 */
export function encodeArgs(
  { captures }: Pick<PrepareSetup, 'captures'>,
  encoder: ValueEncoder,
  { label, handler }: Pick<CallRequest, 'label' | 'handler'>,
  args: unknown[] | ItemArgs,
): EncodedValue {
  try {
    return encoder.encode(args instanceof ItemArgs ? args.record : args);
  } catch (error) {
    throw args instanceof ItemArgs ? args.cannotCross(label, error) : cannotCross(label, error, captures?.(handler));
  }
}

/**
 * Encodes captured values for the calls of several items.
 *
 * @throws {FlameError} FLAME_ENCODING when one cannot cross, or belongs to one call, such as a stream.
 */
export function encodeShared(
  { captures }: Pick<PrepareSetup, 'captures'>,
  encoder: ValueEncoder,
  { label, handler }: Pick<CallRequest, 'label' | 'handler'>,
  values: readonly unknown[],
): Uint8Array {
  try {
    return encoder.encodeShared(values);
  } catch (error) {
    throw cannotCross(label, error, captures?.(handler));
  }
}
