import type { Clock } from '../../../core/clock.js';

/** The shortest time between two checks of the queues, in milliseconds. */
const shortestWait = 5;

/**
 * A token bucket: starts `perSecond` tasks in a second, and as many at once after a quiet second. Further tasks wait in a queue for each
 * group. The groups take turns, so a group with a long queue delays only itself.
 */
export class FairRateLimiter {
  readonly #perSecond: number;
  readonly #clock: Clock;
  /** Waiting tasks by group, oldest first. The group whose turn is next comes first. */
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Tasks that may start at once, as of the time `#counted`. */
  #tokens: number;
  #counted: number;
  #hasTimer = false;

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = this.#tokens = perSecond;
    this.#clock = clock;
    this.#counted = clock.now();
  }

  /** Calls `start` when its turn comes: at once if a token is left and no task waits. Returns a function that withdraws the task. */
  ask(group: string, start: () => void): () => void {
    const queue = this.#waiting.get(group);
    if (queue) queue.add(start);
    else this.#waiting.set(group, new Set([start]));
    this.#startNext();
    return () => this.#remove(group, start);
  }

  /** Returns the token of a started task. */
  giveBack(): void {
    this.#tokens = Math.min(this.#perSecond, this.#tokens + 1);
    this.#startNext();
  }

  #startNext(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (Math.max(0, now - this.#counted) * this.#perSecond) / 1_000);
    this.#counted = now;
    for (const [group, queue] of this.#waiting) {
      if (this.#tokens < 1) break;
      const [start] = queue as Iterable<() => void> as [() => void];
      // The group moves to the end of the map, where this loop reaches it again.
      this.#waiting.delete(group);
      queue.delete(start);
      if (queue.size > 0) this.#waiting.set(group, queue);
      this.#tokens--;
      start();
    }
    if (this.#waiting.size === 0 || this.#hasTimer) return;
    this.#hasTimer = true;
    this.#clock.after(Math.max(shortestWait, ((1 - this.#tokens) * 1_000) / this.#perSecond), () => {
      this.#hasTimer = false;
      this.#startNext();
    });
  }

  #remove(group: string, start: () => void): void {
    const queue = this.#waiting.get(group);
    if (queue?.delete(start) && queue.size === 0) this.#waiting.delete(group);
  }
}
