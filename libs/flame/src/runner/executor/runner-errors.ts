import { UnencodableError, UnreadableError } from '../../core/codec/codec.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Frame } from '../../core/session/frame.js';

/** The reason of the handler's signal when the parent cancels a call. */
export function cancelled(frame: Frame & { type: 'cancel' }): FlameError {
  return new FlameError(frame.cause === 'timeout' ? 'FLAME_TIMEOUT' : 'FLAME_CANCELLED', frame.reason, { ran: 'maybe' });
}

export function parentGone(reason: string): FlameError {
  return new FlameError('FLAME_LOST', `the parent is gone: ${reason}`, { ran: 'maybe' });
}

/** `root` names the whole value: the path in the error begins with it. */
export function cannotCross(what: string, root: string, error: unknown): FlameError {
  if (error instanceof UnencodableError)
    return new FlameError('FLAME_ENCODING', `${what} cannot cross to the parent: ${error.under(root)}`, { ran: 'yes' });
  return new FlameError('FLAME_ENCODING', `${what} cannot cross to the parent: ${(error as Error).message}`, { ran: 'yes', cause: error });
}

export function castStreams(handler: string): FlameError {
  return new FlameError(
    'FLAME_ENCODING',
    `${handler} was cast and returned a stream, but a cast has no reader. Call the method instead, and read the stream.`,
    { ran: 'yes' },
  );
}

export function leaving(reason: string): FlameError {
  return new FlameError('FLAME_REFUSED', `the runner is leaving: ${reason}`);
}

/** `what` and `root` name the whole value: the path in the error begins with `root`. */
export function cannotRead(what: string, root: string, error: unknown): FlameError {
  if (error instanceof UnreadableError)
    return new FlameError('FLAME_ENCODING', `${what} cannot be read: ${error.under(root)}`, { cause: error.cause });
  return new FlameError('FLAME_ENCODING', `${what} cannot be read: ${(error as Error).message}`, { cause: error });
}

export function noChildClass(handler: string): FlameError {
  return new FlameError('FLAME_DENIED', `${handler} is a method and cannot be placed as a child`, { ran: 'no' });
}

export function noChildMethod(label: string, method: string): FlameError {
  return new FlameError('FLAME_DENIED', `${label}.${method} cannot be called on a child: it is not a public method of ${label}`, {
    ran: 'no',
  });
}

export function noSuchChild(method: string): FlameError {
  return new FlameError('FLAME_LOST', `${method} was not run: the child has ended`, { ran: 'no' });
}

/** The error for code that reads a stream among the arguments after the call is over. */
export function pastEnd(handler: string): FlameError {
  return new FlameError('FLAME_CANCELLED', `${handler} has ended, so the streams in its arguments have ended too`, { ran: 'yes' });
}
