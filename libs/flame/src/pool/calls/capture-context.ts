import type { Codec } from '../../core/codec/codec.js';
import { UnencodableError } from '../../core/codec/codec.js';
import type { ContextCarrier } from '../../core/call/context-carrier.js';
import { FlameError } from '../../core/errors/flame-error.js';

/**
 * Captures and encodes the part of the caller's context that travels; undefined if there is none.
 *
 * @throws {FlameError} FLAME_ENCODING when the value cannot cross; and any error that `capture` throws.
 */
export function captureContext(carrier: ContextCarrier, codec: Codec, label: string): Uint8Array | undefined {
  const value: unknown = carrier.capture();
  if (value === undefined) return undefined;
  try {
    return codec.encode(value);
  } catch (error) {
    if (!(error instanceof UnencodableError)) throw error;
    throw new FlameError(
      'FLAME_ENCODING',
      `the context of a call of ${label} cannot cross to a runner: ${error.under('context')}. Omit it in the module's context.capture().`,
      { cause: error },
    );
  }
}
