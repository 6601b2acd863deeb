import type { Codec } from '../../core/codec/codec.js';
import type { ContextCarrier } from '../../core/call/context-carrier.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { FlameLog } from '../../core/flame-log.js';
import { cannotRead } from './runner-errors.js';

/** Dependencies of `enterContext`. */
export interface ContextSetup {
  /** FlameModule's `context` option; undefined if the app has none. */
  readonly context?: ContextCarrier;
  readonly codec: Codec;
  readonly log: FlameLog;
}

/**
 * Calls `next` once, in the context that came with a call. `next` answers the call, so an error that the carrier throws later is only
 * logged.
 *
 * @throws {FlameError} FLAME_CONFIG when this app has no `context` option, or its carrier does not call `next`; FLAME_ENCODING when the
 * context cannot be read; and any error that the carrier throws before `next`.
 */
export function enterContext({ context, codec, log }: ContextSetup, bytes: Uint8Array, next: () => void): void {
  if (!context)
    throw new FlameError(
      'FLAME_CONFIG',
      'the call has a context, but this runner has no `context` option. Set the same `context` option of FlameModule in parent and runner.',
    );
  let carried: unknown;
  try {
    carried = codec.decode(bytes);
  } catch (error) {
    throw cannotRead('the context of the call', 'context', error);
  }
  let entered = false;
  const enter = (): void => {
    if (entered) return;
    entered = true;
    next();
  };
  try {
    context.run(carried, enter);
  } catch (error) {
    if (!entered) {
      entered = true;
      throw error;
    }
    log.warn(`context.run() threw after the handler had begun: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (entered) return;
  entered = true;
  throw new FlameError(
    'FLAME_CONFIG',
    'context.run() of FlameModule returned without having called next(). Call next() once, before run() returns.',
  );
}
