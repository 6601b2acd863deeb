import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import type { Job } from 'bullmq';
import { FlameError } from '../core/errors/flame-error.js';
import type { FlameErrorCode } from '../core/errors/flame-error.js';

/** Failures that every further attempt would repeat. */
const permanent: ReadonlySet<FlameErrorCode> = new Set(['FLAME_CONFIG', 'FLAME_DENIED', 'FLAME_ENCODING']);

/** How a failed job is treated. */
export interface FailedJobRules {
  /** Whether the pool is draining, so that this instance of the app runs no further job. */
  readonly draining: boolean;
  readonly idempotent: boolean;
  readonly retryDelay: number;
}

/**
 * Decides what becomes of a job whose call failed, and returns the error for BullMQ. A job that did not run, and was not cancelled, goes back
 * to its queue, without the loss of an attempt: at once if this instance is closing, so that another one takes it, else after `retryDelay`.
 * So does an idempotent job that was cut off because this instance is closing. Every other failure counts as an attempt of the job.
 */
export async function failedJob(error: unknown, job: Job, token: string | undefined, rules: FailedJobRules): Promise<unknown> {
  if (!(error instanceof FlameError)) return error;
  if (permanent.has(error.code)) return Object.assign(new UnrecoverableError(error.message), { cause: error });
  if (rules.draining && (error.ran === 'no' || rules.idempotent)) {
    await job.moveToWait(token);
    return new WaitingError();
  }
  if (error.ran !== 'no' || error.code === 'FLAME_CANCELLED') return error;
  await job.moveToDelayed(Date.now() + rules.retryDelay, token);
  return new DelayedError();
}
