import type { Sources, ValueEncoder } from '../../streams/value-encoder.js';
import { reusableFrom } from '../../transport/session/spare-memory.js';
import type { PoolSetup } from '../pool-setup.js';
import { cannotCross } from './call-errors.js';

/** The arguments of a call, which are encoded when it is made, or were encoded before. */
export type CallArgs = unknown[] | EncodedArgs;

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

/** @throws {FlameError} FLAME_ENCODING when a value cannot cross. */
export function encodeArgs(
  { manifest, captures }: Pick<PoolSetup, 'manifest' | 'captures'>,
  encoder: ValueEncoder,
  handler: number,
  args: unknown[],
): EncodedArgs {
  try {
    const { bytes, sources } = encoder.encode(args);
    return new EncodedArgs(bytes, sources);
  } catch (error) {
    throw cannotCross(manifest.handlers[handler]!, error, captures?.(handler));
  }
}
