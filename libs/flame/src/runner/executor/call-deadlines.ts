import type { Clock } from '../../core/clock.js';
import { Deadlines } from '../../core/pool/deadlines.js';
import type { Watchdog } from '../watchdog/watchdog.js';
import type { ActiveCall } from './active-call.js';

/** What deadlines are kept with. */
export interface CallDeadlinesSetup {
  readonly clock: Clock;
  /** Kills this process when a handler blocks its event loop past its deadline; none where runners share the parent's process. */
  readonly watchdog?: Pick<Watchdog, 'deadline'> | undefined;
  /** Time is up for this work, which is no longer kept here. */
  readonly onDue: (work: ActiveCall) => void;
}

/**
 * The deadlines of a runner's work, under one timer. The parent says when time is up, too: this is for when it cannot be heard. A deadline
 * that has gone meanwhile is not worth a system call: the timer just looks again. The watchdog always has the earliest deadline of what
 * runs: with one of work that has ended it would kill the runner for work that blocks the event loop and has time left.
 */
export class CallDeadlines {
  readonly #setup: CallDeadlinesSetup;
  readonly #deadlines = new Deadlines<ActiveCall>();
  #timerAt = Infinity;
  #cancelTimer: (() => void) | undefined;

  constructor(setup: CallDeadlinesSetup) {
    this.#setup = setup;
  }

  put(work: ActiveCall): void {
    this.#deadlines.put(work);
    this.#publish();
    this.#arm();
  }

  remove(work: ActiveCall): void {
    this.#deadlines.remove(work);
    this.#publish();
  }

  close(): void {
    this.#cancelTimer?.();
  }

  #arm(): void {
    const first = this.#deadlines.top;
    if (!first || first.at >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = first.at;
    const { clock } = this.#setup;
    this.#cancelTimer = clock.after(Math.max(0, first.at - clock.now()), () => {
      this.#timerAt = Infinity;
      this.#cancelTimer = undefined;
      this.#fire(clock.now(), clock.debugged?.(clock.now() - first.at) ?? false);
      this.#publish();
      this.#arm();
    });
  }

  #publish(): void {
    const first = this.#deadlines.top;
    this.#setup.watchdog?.deadline(first?.at ?? Infinity, first?.name ?? '');
  }

  /** The parent, which sees that a debugger holds this process, gives what it holds up new time, and says when that is up. */
  #fire(now: number, debugged: boolean): void {
    for (let work = this.#deadlines.top; work && work.at <= now; work = this.#deadlines.top) {
      this.#deadlines.remove(work);
      if (debugged) work.unlimited();
      else this.#setup.onDue(work);
    }
  }
}
