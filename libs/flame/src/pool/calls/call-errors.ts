import { UnencodableError } from '../../core/codec/codec.js';
import { FlameError } from '../../core/errors/flame-error.js';

/** The reason of a signal, for logs and errors. */
export function reasonOf(signal: AbortSignal): string {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason.message : String(reason);
}

export function neverStarted(label: string, pool: string, why: string, options: { cause?: unknown } = {}): FlameError {
  return new FlameError('FLAME_CANCELLED', `${label} was not started in pool "${pool}": ${why}`, options);
}

export function hadAborted(label: string, pool: string, signal: AbortSignal): FlameError {
  return neverStarted(label, pool, `its signal was already aborted (${reasonOf(signal)})`, { cause: signal.reason });
}

export function noSuchRunner(pool: string, id: string, runners: readonly string[]): FlameError {
  const there = runners.length > 0 ? `its runners are ${runners.join(', ')}` : 'it has no runners at the moment';
  return new FlameError('FLAME_CONFIG', `pool "${pool}" has no runner "${id}": ${there}. Take the id from stats().`);
}

/** The error of a repeated call. If its last attempt did not run, an attempt before it may have. */
export function afterAttempts(error: unknown, attempts: number): unknown {
  if (!(error instanceof FlameError) || error.ran !== 'no') return error;
  const message = `${error.message} This was attempt ${attempts}; an earlier attempt was lost and may have run.`;
  return new FlameError(error.code, message, { ran: 'maybe', cause: error });
}

/**
 * The error has no cause: its message contains the whole text of the cause, which would appear twice in logs. `captures` are the names of
 * the first arguments of an inline function.
 */
export function cannotCross(label: string, error: unknown, captures: readonly string[] = []): unknown {
  if (!(error instanceof UnencodableError)) return error;
  const [, place, rest] = /^\[(\d+)\](.*)$/s.exec(error.path) ?? [];
  const name = captures[Number(place)];
  if (name !== undefined) {
    const within = new UnencodableError(rest!.replace(/^\./, ''), error.reason).under(`captured "${name}"`);
    return new FlameError('FLAME_ENCODING', `${label} cannot run on a runner: ${within}`);
  }
  return new FlameError('FLAME_ENCODING', `an argument of ${label} cannot cross to a runner: ${error.under('args')}`);
}
