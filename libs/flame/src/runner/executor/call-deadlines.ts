import type { Clock } from '../../core/clock.js';
import { Deadlines } from '../../core/pool/deadlines.js';
import type { Watchdog } from '../watchdog/watchdog.js';
import type { ActiveCall } from './active-call.js';

/** Dependencies of `CallDeadlines`. */
export interface CallDeadlinesSetup {
  readonly clock: Clock;
  /** Kills this process when a handler blocks its event loop past its deadline; undefined if runners share the parent's process. */
  readonly watchdog?: Pick<Watchdog, 'deadline'> | undefined;
  /** Called when the time of a call is up. Its deadline has then been removed. */
  readonly onDue: (work: ActiveCall) => void;
}

/**
 * The deadlines of a runner's calls, under one timer. The parent enforces them as well; these are for the case that the parent cannot be
 * heard.
 *
 * Removing a deadline does not move the timer, because that would cost a system call. When the timer fires, it looks for the next deadline.
 * The watchdog always gets the earliest deadline of the running calls. If it kept the deadline of a call that has ended, it would kill the
 * runner for another call that blocks the event loop and still has time.
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

  /**
   * Handles the deadlines that have passed. If a debugger holds this process, the parent notices it, gives the calls new time, and cancels
   * them when that is up. So their deadlines are removed here.
   */
  #fire(now: number, debugged: boolean): void {
    for (let work = this.#deadlines.top; work && work.at <= now; work = this.#deadlines.top) {
      this.#deadlines.remove(work);
      if (debugged) work.unlimited();
      else this.#setup.onDue(work);
    }
  }
}
