import { FlameError } from '../../core/errors/flame-error.js';
import type { Ran } from '../../core/errors/flame-error.js';
import { reasonOf } from '../../pool/calls/call-errors.js';

const ms = (duration: number): string => `${Math.max(0, Math.round(duration))} ms`;

/** `where` says where the call runs: "running here". */
export function timedOut(name: string, where: string, timeout: number): FlameError {
  return new FlameError('FLAME_TIMEOUT', `${name} timed out after ${ms(timeout)} of ${where}. It was aborted.`, { ran: 'maybe' });
}

/** `left` is the time that the call around had left when it made this one. */
export function outerTimedOut(name: string, where: string, ran: Ran, left: number): FlameError {
  if (ran === 'no') return new FlameError('FLAME_TIMEOUT', `${name} was not started: the deadline of the call around it has passed`);
  return new FlameError('FLAME_TIMEOUT', `${name} timed out after ${ms(left)} of ${where}: the deadline of the call around it has passed`, {
    ran,
  });
}

export function cancelled(name: string, where: string, ran: Ran, signal: AbortSignal): FlameError {
  const how = ran === 'no' ? 'was not started: its signal was already aborted' : `was cancelled while ${where}`;
  const why = ran === 'no' ? ` (${reasonOf(signal)})` : `: ${reasonOf(signal)}`;
  return new FlameError('FLAME_CANCELLED', `${name} ${how}${why}`, { ran, cause: signal.reason });
}

/** The call around was aborted. Its time-out is also a time-out of the call inside. */
export function outerAborted(name: string, where: string, ran: Ran, signal: AbortSignal): FlameError {
  const reason: unknown = signal.reason;
  const code = reason instanceof FlameError && reason.code === 'FLAME_TIMEOUT' ? 'FLAME_TIMEOUT' : 'FLAME_CANCELLED';
  const how = ran === 'no' ? 'was not started' : `was aborted while ${where}`;
  return new FlameError(code, `${name} ${how}: the call around it was aborted (${reasonOf(signal)})`, { ran, cause: reason });
}

export function notRead(name: string, where: string): FlameError {
  return new FlameError('FLAME_CANCELLED', `${name} was cancelled while ${where}: its stream is no longer read`, { ran: 'maybe' });
}
