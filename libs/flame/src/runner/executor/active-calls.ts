import type { Clock } from '../../core/clock.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { IdMap } from '../../core/session/id-map.js';
import type { ActiveCall } from './active-call.js';

/** Told when the first call begins to run, and when the last one has ended. */
export interface BusyWatcher {
  busy(works: boolean): void;
}

/** The work that runs on this runner now, by call number. */
export class ActiveCalls {
  readonly #works = new IdMap<ActiveCall>();
  readonly #clock: Clock;
  readonly #watcher: BusyWatcher | undefined;
  /** Whoever waits looks again whether it still has to. */
  #look: (() => void) | undefined;
  #most = 0;

  constructor(clock: Clock, watcher?: BusyWatcher) {
    this.#clock = clock;
    this.#watcher = watcher;
  }

  get size(): number {
    return this.#works.size;
  }

  /** The most at once since this was asked before. */
  takeMost(): number {
    const most = this.#most;
    this.#most = this.#works.size;
    return most;
  }

  get(id: number): ActiveCall | undefined {
    return this.#works.get(id);
  }

  has(id: number): boolean {
    return this.#works.has(id);
  }

  all(): readonly ActiveCall[] {
    return this.#works.values();
  }

  add(work: ActiveCall): void {
    if (this.#works.size === 0) this.#watcher?.busy(true);
    this.#works.set(work.id, work);
    if (this.#works.size > this.#most) this.#most = this.#works.size;
  }

  remove(work: ActiveCall): void {
    this.#works.delete(work.id);
    if (this.#works.size === 0) this.#watcher?.busy(false);
    this.#look?.();
  }

  abort(which: (work: ActiveCall) => boolean, reason: string): void {
    for (const work of this.all()) if (which(work)) work.abort(new FlameError('FLAME_CANCELLED', reason, { ran: 'maybe' }));
    this.#look?.();
  }

  /** Resolves when nothing runs any more that has not been told to stop, at the latest after `grace` milliseconds. */
  doneWithin(grace: number): Promise<void> {
    return this.#within(grace, () => this.all().every((work) => work.aborted));
  }

  /** Resolves when nothing runs any more, at the latest after `grace` milliseconds. */
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
