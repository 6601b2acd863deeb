import type { Clock } from '../../core/clock.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { IdMap } from '../../core/session/id-map.js';
import type { ActiveCall } from './active-call.js';

/** Called when the first call begins to run, and when the last one has ended. */
export interface BusyWatcher {
  busy(running: boolean): void;
}

/** The calls that run on this runner now, by number. */
export class ActiveCalls {
  readonly #calls = new IdMap<ActiveCall>();
  readonly #clock: Clock;
  readonly #watchers: readonly BusyWatcher[];
  /** Checks the condition that `doneWithin` or `idleWithin` waits for. */
  #look: (() => void) | undefined;
  #most = 0;

  constructor(clock: Clock, watchers: readonly BusyWatcher[]) {
    this.#clock = clock;
    this.#watchers = watchers;
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

  add(call: ActiveCall): void {
    if (this.#calls.size === 0) for (const watcher of this.#watchers) watcher.busy(true);
    this.#calls.set(call.id, call);
    if (this.#calls.size > this.#most) this.#most = this.#calls.size;
  }

  remove(call: ActiveCall): void {
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

  #within(grace: number, holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(grace, resolve, true);
      this.#look = (): void => {
        if (!holds()) return;
        cancel();
        resolve();
      };
    });
  }
}
