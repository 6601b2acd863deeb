import { BootError } from '../../core/errors/boot-error.js';
import type { BootPhase } from '../../core/errors/boot-error.js';

/** Statuses that concern one region: it has no room, or this app may not make machines there. Another region may accept the machine. */
const ofRegion: readonly number[] = [403, 409, 412, 422];
/** Statuses that a retry does not change: a wrong token, a missing right, an unknown app, an invalid body. */
const fatal: readonly number[] = [400, 401, 403, 404];

/** A failed request. `status` is 0 if there was no answer. The message shows neither the token nor the secrets of runners. */
export class FlyApiError extends Error {
  override readonly name = 'FlyApiError';

  constructor(
    message: string,
    readonly status: number,
    readonly retryAfter?: string,
  ) {
    super(message);
  }
}

/** Whether a machine may succeed in another region. */
export function isOfRegion({ status }: FlyApiError): boolean {
  return ofRegion.includes(status);
}

/** The error of a failed boot step. `answers` are the API errors that led to it. It is fatal if all of them are. */
export function flyFailure(text: string, phase: BootPhase, answers: readonly FlyApiError[]): BootError {
  const hopeless = answers.every(({ status }) => fatal.includes(status));
  return new BootError(`fly: ${text}`, { phase, fatal: hopeless, cause: answers[0] });
}
