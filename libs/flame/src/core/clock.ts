/** A monotonic clock with one-shot timers. An interface, so that tests can drive time. */
export interface Clock {
  /** Monotonic milliseconds, with fractions, from an arbitrary start. */
  now(): number;
  /** Calls `wake` once after `delay` milliseconds, unless the returned function is called first. Keeps the process alive only if `hold`. */
  after(delay: number, wake: () => void, hold?: boolean): () => void;
  /**
   * Whether the time limits of calls and boots are suspended, because a debugger pauses this process or paused it until just now. `late` is
   * the delay, in milliseconds, of the timer that asks. Undefined on clocks that do not look for debuggers.
   */
  debugged?(late?: number): boolean;
}

/** Time after which a limit that a debugger has suspended is checked again, in milliseconds. */
export const debuggedFor = 1_000;

/**
 * Calls `wake` when a limit in milliseconds has passed, unless the returned function is called first. Time under a debugger does not count:
 * the limit starts again when the debugger has detached.
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
