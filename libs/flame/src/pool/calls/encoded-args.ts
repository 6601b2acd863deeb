import type { EncodedValue, Sources, ValueEncoder } from '../../streams/value-encoder.js';
import { reusableFrom } from '../../transport/session/spare-memory.js';
import { cannotCross } from './call-errors.js';
import { ItemArgs } from './item-args.js';

/** The arguments of a call, which are encoded when it is made, or were encoded before. */
export type CallArgs = unknown[] | ItemArgs | EncodedArgs;

/**
 * The arguments of calls that are made later, or several times, as they were when they were encoded.
 */
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
 * Encodes the arguments of one call. `captures` are the names of the first ones, for errors.
 *
 * @throws {FlameError} FLAME_ENCODING when a value cannot cross.
 */
export function encodeArgs(
  encoder: ValueEncoder,
  args: unknown[] | ItemArgs,
  label: string,
  captures: readonly string[] | undefined,
): EncodedValue {
  try {
    return encoder.encode(args instanceof ItemArgs ? args.record : args);
  } catch (error) {
    throw args instanceof ItemArgs ? args.cannotCross(label, error) : cannotCross(label, error, captures);
  }
}

/**
 * Encodes captured values for the calls of several items.
 *
 * @throws {FlameError} FLAME_ENCODING when one cannot cross, or belongs to one call, such as a stream.
 */
export function encodeShared(
  encoder: ValueEncoder,
  values: readonly unknown[],
  label: string,
  captures: readonly string[] | undefined,
): Uint8Array {
  try {
    return encoder.encodeShared(values);
  } catch (error) {
    throw cannotCross(label, error, captures);
  }
}
