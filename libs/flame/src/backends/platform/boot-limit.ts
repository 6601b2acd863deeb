import { BootError } from '../../core/errors/boot-error.js';
import type { BootPhase } from '../../core/errors/boot-error.js';
import { longestTimer } from './machine-end.js';

/** The signal of a boot. It also aborts after the backend's own `bootTimeout`, with an error with this text. */
export function limitBoot(signal: AbortSignal, bootTimeout = Infinity, text: string, phase: BootPhase): AbortSignal {
  if (bootTimeout > longestTimer) return signal;
  const limit = new AbortController();
  setTimeout(() => limit.abort(new BootError(text, { phase })), bootTimeout).unref();
  return AbortSignal.any([signal, limit.signal]);
}
