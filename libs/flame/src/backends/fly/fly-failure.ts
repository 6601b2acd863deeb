import { BootError } from '../../core/errors/boot-error.js';
import type { BootPhase } from '../../core/errors/boot-error.js';

/** Statuses of a region without room, or in which this app may not make machines. Another region may do. */
const ofRegion: readonly number[] = [403, 409, 412, 422];
/** Statuses that stay the same when asked again: a wrong token, a missing right, an unknown app, a wrong body. */
const fatal: readonly number[] = [400, 401, 403, 404];

/** A request that failed. `status` is 0 when there was no answer. Its message shows neither the token nor the secrets of runners. */
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

/** Whether another region may have room where this one has not. */
export function isOfRegion({ status }: FlyApiError): boolean {
  return ofRegion.includes(status);
}

/** A failed step of a boot, after these answers of the API. It is fatal when all of them are. */
export function flyFailure(text: string, phase: BootPhase, answers: readonly FlyApiError[]): BootError {
  const hopeless = answers.every(({ status }) => fatal.includes(status));
  return new BootError(`fly: ${text}`, { phase, fatal: hopeless, cause: answers[0] });
}
