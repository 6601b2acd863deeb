import { MalformedError, UnreadableError } from '../../core/codec/codec.js';
import type { Frame } from '../../core/session/frame.js';

type ReadValue = { readonly value: unknown } | { readonly refusal: Omit<Frame & { type: 'refuse' }, 'id' | 'held'> };

/**
 * Reads a value from a runner. If a class in it is not registered here, it returns a refusal instead. `what` names the whole value in a
 * sentence, and `root` names it in a path.
 *
 * @throws {MalformedError} on malformed bytes, which end the session.
 */
export function readValue(what: string, root: string, read: () => unknown): ReadValue {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof UnreadableError)
      return { refusal: { type: 'refuse', code: 'FLAME_ENCODING', ran: 'yes', reason: `${what} cannot be read: ${error.under(root)}` } };
    throw new MalformedError(`${what} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
