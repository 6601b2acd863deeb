import { FlameError } from '../../core/errors/flame-error.js';
import { Deadlines } from '../../core/pool/deadlines.js';
import type { Frame } from '../../core/session/frame.js';
import { IdMap } from '../../core/session/id-map.js';
import { ActiveCall } from './active-call.js';
import type { CallHost } from './active-call.js';
import { ActiveChild, ActiveMethod } from './active-child.js';
import type { BusyWatcher, ExecutorSetup } from './executor-setup.js';
import * as errors from './runner-errors.js';

/** Dependencies of `ActiveCalls`. */
export type ActiveCallsSetup = Pick<ExecutorSetup, 'clock' | 'table' | 'watchdog' | 'stayAwake'>;

type CallFrame = Frame & { type: 'call' };

/** The calls that run on this runner now, by number. It admits them, aborts those whose time is up, and waits for their ends. */
export class ActiveCalls {
  readonly #calls = new IdMap<ActiveCall>();
  readonly #setup: ActiveCallsSetup;
  readonly #host: CallHost;
  readonly #deadlines: CallDeadlines;
  readonly #watchers: readonly BusyWatcher[];
  /** Checks the condition that `doneWithin` or `idleWithin` waits for. */
  #look: (() => void) | undefined;
  #most = 0;

  constructor(setup: ActiveCallsSetup, host: CallHost) {
    this.#setup = setup;
    this.#host = host;
    this.#deadlines = new CallDeadlines(setup);
    this.#watchers = [setup.watchdog, setup.stayAwake].filter((watcher) => watcher !== undefined);
  }

  get size(): number {
    return this.#calls.size;
  }

  /** The most calls that ran at once since this was last called. */
  takeMost(): number {
    const most = this.#most;
    this.#most = this.#calls.size;
    return most;
  }

  get(id: number): ActiveCall | undefined {
    return this.#calls.get(id);
  }

  has(id: number): boolean {
    return this.#calls.has(id);
  }

  all(): readonly ActiveCall[] {
    return this.#calls.values();
  }

  /** Creates the call for a frame, or the error that refuses it. If there is a reason for `leaving`, new calls are refused. */
  admit(frame: CallFrame, leaving: string): ActiveCall | FlameError {
    const { clock, table } = this.#setup;
    const at = frame.handlerTimeout === 0 ? Infinity : clock.now() + frame.handlerTimeout;
    // Methods of a child can be called until the child ends, also on a runner that is leaving.
    if (frame.child !== undefined) return this.#admitMethod(frame, at, this.#calls.get(frame.child));
    if (leaving) return errors.leaving(leaving);
    if (frame.mode !== 'child')
      return new ActiveCall(this.#host, frame.id, frame.handler, frame.mode, frame.linked, frame.attempt, at, frame.trace, frame.tracks);
    const type = table.child(frame.handler);
    return type ? new ActiveChild(this.#host, frame, at, type) : errors.noChildClass(table.name(frame.handler));
  }

  #admitMethod(frame: CallFrame, at: number, child: ActiveCall | undefined): ActiveCall | FlameError {
    const { method = '' } = frame;
    if (!(child instanceof ActiveChild) || !child.lives) return errors.noSuchChild(method);
    return child.type.methods.has(method) ? new ActiveMethod(this.#host, frame, at, child) : errors.noChildMethod(child.type.label, method);
  }

  /** The call begins to run, within its time limit. */
  add(call: ActiveCall): void {
    if (this.#calls.size === 0) for (const watcher of this.#watchers) watcher.busy(true);
    this.#calls.set(call.id, call);
    if (this.#calls.size > this.#most) this.#most = this.#calls.size;
    if (call.at < Infinity) this.#deadlines.put(call);
  }

  /** Removes the time limit of a call when only held resources, or a placed child, remain of it. */
  unlimit(call: ActiveCall): void {
    this.#deadlines.remove(call);
    call.unlimited();
  }

  /** The call is over. */
  remove(call: ActiveCall): void {
    this.#deadlines.remove(call);
    call.over();
    this.#calls.delete(call.id);
    if (this.#calls.size === 0) for (const watcher of this.#watchers) watcher.busy(false);
    this.#look?.();
  }

  abort(which: (call: ActiveCall) => boolean, reason: string): void {
    for (const call of this.all()) if (which(call)) call.abort(new FlameError('FLAME_CANCELLED', reason, { ran: 'maybe' }));
    this.#look?.();
  }

  /** Resolves when all calls that still run have been aborted, after `grace` milliseconds at the latest. */
  doneWithin(grace: number): Promise<void> {
    return this.#within(grace, () => this.all().every((call) => call.aborted));
  }

  /** Resolves when no call runs any more, after `grace` milliseconds at the latest. */
  idleWithin(grace: number): Promise<void> {
    return this.#within(grace, () => this.size === 0);
  }

  /** Stops the timer. */
  close(): void {
    this.#deadlines.close();
  }

  #within(grace: number, holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#setup.clock.after(grace, resolve, true);
      this.#look = (): void => {
        if (!holds()) return;
        cancel();
        resolve();
      };
    });
  }
}

/**
 * The deadlines of a runner's calls, under one timer. The parent enforces them as well; these are for the case that the parent cannot be
 * heard.
 *
 * Removing a deadline does not move the timer, because that would cost a system call. When the timer fires, it looks for the next deadline.
 * The watchdog always gets the earliest deadline of the running calls. If it kept the deadline of a call that has ended, it would kill the
 * runner for another call that blocks the event loop and still has time.
 */
class CallDeadlines {
  readonly #setup: ActiveCallsSetup;
  readonly #deadlines = new Deadlines<ActiveCall>();
  #timerAt = Infinity;
  #cancelTimer: (() => void) | undefined;

  constructor(setup: ActiveCallsSetup) {
    this.#setup = setup;
  }

  put(call: ActiveCall): void {
    this.#deadlines.put(call);
    this.#publish();
    this.#arm();
  }

  remove(call: ActiveCall): void {
    this.#deadlines.remove(call);
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
    for (let call = this.#deadlines.top; call && call.at <= now; call = this.#deadlines.top) {
      this.#deadlines.remove(call);
      if (debugged) call.unlimited();
      else call.abort(new FlameError('FLAME_TIMEOUT', `${call.name} timed out while running. It was aborted.`, { ran: 'maybe' }));
    }
  }
}
