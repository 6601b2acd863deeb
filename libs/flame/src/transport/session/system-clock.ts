import type { Clock } from '../../core/clock.js';
import { hasDebugger, inspectorPort } from '../../system/inspector.js';

/** The time of this machine. It waits for a delay longer than a timer can hold (24.8 days) in steps. A delay of `Infinity` never ends. */
export class SystemClock implements Clock {
  now(): number {
    return performance.now();
  }

  after(delay: number, wake: () => void, hold = false): () => void {
    const end = performance.now() + delay;
    let timer: NodeJS.Timeout | undefined;
    const arm = (rest: number): void => {
      timer = setTimeout(rest > longest ? () => arm(end - performance.now()) : wake, Math.min(rest, longest));
      if (!hold) timer.unref();
    };
    if (delay !== Infinity) arm(delay);
    return () => clearTimeout(timer);
  }

  /** True when a debugger is attached, or has just paused the process: then the inspector is open and timers are over a second late. */
  debugged(late = 0): boolean {
    const port = inspectorPort();
    return port !== undefined && (late > pause || hasDebugger(port));
  }
}

const pause = 1_000;
const longest = 2 ** 31 - 1;
