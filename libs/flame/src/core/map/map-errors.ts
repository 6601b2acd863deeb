import { thrownWords } from '../codec/thrown-words.js';
import { FlameError } from '../errors/flame-error.js';

/** The error for the reader when the map's signal aborts. */
export function cancelled(name: string, { reason }: AbortSignal, begun: boolean): FlameError {
  const how = begun ? 'was cancelled' : 'was not started: its signal had aborted before';
  return new FlameError('FLAME_CANCELLED', `${name} ${how} (${thrownWords(reason)})`, { ran: begun ? 'maybe' : 'no', cause: reason });
}

/** The reason for the work of other items when one has failed. */
export function itemFailed(name: string, index: number, cause: unknown): FlameError {
  return new FlameError('FLAME_CANCELLED', `item ${index} of ${name} failed: ${thrownWords(cause)}`, { ran: 'maybe', cause });
}

export function sourceFailed(name: string, cause: unknown): FlameError {
  return new FlameError('FLAME_CANCELLED', `the items of ${name} failed: ${thrownWords(cause)}`, { ran: 'maybe', cause });
}

export function notRead(name: string): FlameError {
  return new FlameError('FLAME_CANCELLED', `the results of ${name} are not read any more`, { ran: 'maybe' });
}
