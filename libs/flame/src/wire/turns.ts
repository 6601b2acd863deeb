import type { Clock } from '../core/clock.js';

/** What waits for its turn. */
export type Beginner = () => void;

/** The shortest time, in milliseconds, until those that wait are looked at again. */
const shortest = 5;

/**
 * Lets things begin, so many in a second, and as many at once after a quiet one (a token bucket). What is more waits in the queue of its group; the groups have one turn each, in
 * turn, so that one with a long queue holds up its own only. A turn that came to good is given back.
 */
export class Turns {
  readonly #perSecond: number;
  readonly #clock: Clock;
  /** Those that wait, by group, each oldest first. The group whose turn is next comes first. */
  readonly #waiting = new Map<string, Set<Beginner>>();
  #left: number;
  /** When `#left` was right. */
  #counted: number;
  /** Those that wait will be looked at. */
  #timed = false;

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#left = perSecond;
    this.#counted = clock.now();
  }

  /** Has `begin` called when it is its turn: before this returns where nobody waits and a turn is left. What it gives withdraws it. */
  ask(group: string, begin: Beginner): () => void {
    const queue = this.#waiting.get(group);
    if (queue) queue.add(begin);
    else this.#waiting.set(group, new Set([begin]));
    this.#go();
    return () => this.#withdraw(group, begin);
  }

  /** One that began costs no turn after all. */
  giveBack(): void {
    this.#left = Math.min(this.#perSecond, this.#left + 1);
    if (this.#waiting.size > 0) this.#go();
  }

  #withdraw(group: string, begin: Beginner): void {
    const queue = this.#waiting.get(group);
    if (queue?.delete(begin) && queue.size === 0) this.#waiting.delete(group);
  }

  #go(): void {
    const now = this.#clock.now();
    this.#left = Math.min(this.#perSecond, this.#left + (Math.max(0, now - this.#counted) * this.#perSecond) / 1_000);
    this.#counted = now;
    while (this.#left >= 1) {
      const next = this.#waiting.entries().next();
      if (next.done) return;
      const [group, queue] = next.value;
      const [begin] = queue as Iterable<Beginner> as [Beginner];
      queue.delete(begin);
      this.#waiting.delete(group);
      if (queue.size > 0) this.#waiting.set(group, queue);
      this.#left--;
      begin();
    }
    if (this.#waiting.size === 0 || this.#timed) return;
    this.#timed = true;
    this.#clock.after(Math.max(shortest, ((1 - this.#left) * 1_000) / this.#perSecond), () => {
      this.#timed = false;
      this.#go();
    });
  }
}
