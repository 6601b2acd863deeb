import type { Clock } from '../../core/clock.js';
import type { FlameLog } from '../../core/flame-log.js';

/** The time that the app's idle check may take, in milliseconds; below the pool's `askGrace`. */
const checkLimit = 5_000;

/** Dependencies of `mayStop`. */
export interface IdleCheckSetup {
  readonly idleCheck?: () => boolean | Promise<boolean>;
  readonly clock: Clock;
  readonly log: FlameLog;
}

/**
 * Runs the app's own `check`, which says whether an idle runner may stop. If the check throws or does not answer in time, the runner may
 * not stop.
 */
export async function mayStop({ idleCheck, clock, log }: IdleCheckSetup, pool: string): Promise<boolean> {
  if (!idleCheck) return true;
  let cancel: (() => void) | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(checkLimit, () => reject(new Error(`no answer within ${checkLimit} ms`)));
    });
    return (await Promise.race([idleCheck(), late])) === true;
  } catch (error) {
    log.warn(
      `idleShutdownAfter.check of pool "${pool}" failed, so this runner stays: ${error instanceof Error ? error.message : String(error)}`,
    );
    return false;
  } finally {
    cancel?.();
  }
}
