import type { Clock } from '../../core/clock.js';

/** The minimum time between two warnings of one handler, in milliseconds. */
const quietFor = 60_000;

/** Warns of runners that were given up because a handler ignored its abort: once a minute for each handler. */
export class IgnoredAborts {
  readonly #clock: Clock;
  readonly #warn: (text: string) => void;
  readonly #warnedAt = new Map<string, number>();

  constructor(clock: Clock, warn: (text: string) => void) {
    this.#clock = clock;
    this.#warn = warn;
  }

  /** `what` names the handler, and is the same each time. */
  add(runner: string, what: string): void {
    const now = this.#clock.now();
    if (now - (this.#warnedAt.get(what) ?? -Infinity) < quietFor) return;
    this.#warnedAt.set(what, now);
    this.#warn(`${what}, so its runner ${runner} is given up. Pass FlameCall.current().signal to what it waits for.`);
  }
}
