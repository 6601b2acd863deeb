/** Time as the shells see it: a monotonic reading and one-shot timers, so that tests can drive it. */
export interface Clock {
  /** Milliseconds, monotonic, with fractions; its zero means nothing. */
  now(): number;
  /** Calls `wake` once after `delay` milliseconds, unless the returned function is called first. Keeps the process alive only if `hold`. */
  after(delay: number, wake: () => void, hold?: boolean): () => void;
  /**
   * Whether time limits of calls and boots do not count now, because a debugger holds this process, or held it until just now: the timer
   * that asks was `late` by so many milliseconds. Left out where no debugger is looked for.
   */
  debugged?(late?: number): boolean;
}

/** How soon a limit that a debugger has held up is looked at again. */
export const debuggedFor = 1_000;

/**
 * Calls `wake` when a limit of so many milliseconds has passed, unless the returned function is called first. What passes under a debugger
 * does not count: the limit starts anew once it has gone.
 */
export function afterLimit(clock: Clock, limit: number, wake: () => void): () => void {
  let cancel: () => void;
  let held = false;
  const arm = (delay: number): void => {
    const due = clock.now() + delay;
    cancel = clock.after(delay, () => {
      const wasHeld = held;
      held = clock.debugged?.(clock.now() - due) ?? false;
      if (held) arm(debuggedFor);
      else if (wasHeld) arm(limit);
      else wake();
    });
  };
  arm(limit);
  return () => cancel();
}
