import type { Clock } from '../../core/clock.js';
import type { FlameLog } from '../../core/flame-log.js';

/** Time that the app's idle check may take; below the pool's `askGrace`. */
const checkLimit = 5_000;

/** What the check is made with. */
export interface IdleCheckSetup {
  readonly idleCheck?: () => boolean | Promise<boolean>;
  readonly clock: Clock;
  readonly log: FlameLog;
}

/** Asks the app's own `check` whether an idle runner may stop; one that throws or does not answer in time has not said true. */
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
