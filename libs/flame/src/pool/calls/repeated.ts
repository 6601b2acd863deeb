import { BootError } from '../../core/errors/boot-error.js';
import type { Clock } from '../../core/clock.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { FlameErrorCode } from '../../core/errors/flame-error.js';
import { afterAttempts } from './call-errors.js';
import type { CallOptions, PendingCall } from './pending-call.js';

/** How a call is repeated. */
export interface Repetition {
  readonly options: CallOptions;
  readonly attempts: number;
  readonly clock: Clock;
  readonly onRetry: (error: FlameError, attempt: number) => void;
}

/** Submits a call, and submits it again after an error, as long as a further attempt is safe and the call's total time is not over. */
export async function repeated(
  submit: (options: CallOptions, attempt: number) => PendingCall,
  { options, attempts, clock, onRetry }: Repetition,
): Promise<unknown> {
  const until = clock.now() + (options.timeout ?? Infinity);
  let mayHaveRun = false;
  for (let attempt = 1; ; attempt++) {
    const timeout = options.timeout === undefined ? undefined : Math.max(1, until - clock.now());
    let call: PendingCall | undefined;
    try {
      call = submit(timeout === undefined ? options : { ...options, timeout }, attempt);
      return await call.promise;
    } catch (error) {
      const again = attempt < attempts && isRepeatable(error, options.idempotent ?? false) && clock.now() < until;
      // Stream items that were read cannot be read again.
      if (!again || call?.setup.sources?.started) throw mayHaveRun ? afterAttempts(error, attempt) : error;
      mayHaveRun ||= (error as FlameError).ran !== 'no';
      onRetry(error as FlameError, attempt + 1);
    }
  }
}

/** Errors that another attempt may avoid: a runner was lost, could not boot, or was not free in time. */
const passing: readonly FlameErrorCode[] = ['FLAME_LOST', 'FLAME_BOOT', 'FLAME_TIMEOUT'];

function isRepeatable(error: unknown, idempotent: boolean): boolean {
  if (!(error instanceof FlameError)) return false;
  const hopeless = error.cause instanceof BootError && error.cause.fatal;
  if (error.ran === 'no') return passing.includes(error.code) && !hopeless;
  // A handler that ran out of time would probably do so again.
  return idempotent && error.code === 'FLAME_LOST';
}
