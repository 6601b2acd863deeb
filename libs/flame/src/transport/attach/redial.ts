import { type ServiceError, status } from '@grpc/grpc-js';
import type { Clock } from '../../core/clock.js';

/** Pauses between attempts, in milliseconds: the first, doubling up to the longest. */
const firstPause = 25;
const longestPause = 400;

/** The parent answered, and its answer will not change. */
export function isRefusal(error: unknown): boolean {
  const { code } = error as Partial<ServiceError>;
  return code !== undefined && refusals.has(code);
}

const refusals = new Set<status>([
  status.UNAUTHENTICATED,
  status.FAILED_PRECONDITION,
  status.INVALID_ARGUMENT,
  status.PERMISSION_DENIED,
  status.UNIMPLEMENTED,
]);

/**
 * Makes attempts, with pauses, until one succeeds, the parent refuses, or `signal` aborts. Rejects with the error of the last attempt that was not cut
 * short.
 */
export async function untilReached(attempt: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  let last: unknown;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw last ?? error;
      if (isRefusal(error)) throw error;
      last = error;
      await rest(pause, clock, signal);
      if (signal.aborted) throw error;
    }
  }
}

/** Keeps the process alive: between two connections nothing else may. */
function rest(pause: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(pause, done, true);
    signal.addEventListener('abort', done, { once: true });
  });
}
