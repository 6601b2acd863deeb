import { MalformedError, UnreadableError } from '../../core/codec/codec.js';
import type { Frame } from '../../core/session/frame.js';

type ReadValue = { readonly value: unknown } | { readonly refusal: Omit<Frame & { type: 'refuse' }, 'id' | 'held'> };

/**
 * Reads a value that a runner sent. A value of a class that is not registered here gives a refusal instead. `what` names the whole value in
 * a sentence, `root` in a path.
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
