import type { Clock } from '../../../core/clock.js';
import { TokenBucket } from './token-bucket.js';

/** What waits for its turn. */
export type Beginner = () => void;

/** The shortest time, in milliseconds, until those that wait are looked at again. */
const shortest = 5;

/**
 * Lets things begin, as many as a token bucket has tokens. What is more waits in the queue of its group; the groups have one turn each, in turn, so that one with a
 * long queue holds up its own only. A turn that came to good is given back.
 */
export class FairRateLimiter {
  readonly #bucket: TokenBucket;
  readonly #clock: Clock;
  /** Those that wait, by group, each oldest first. The group whose turn is next comes first. */
  readonly #waiting = new Map<string, Set<Beginner>>();
  /** Those that wait will be looked at. */
  #timed = false;

  constructor(perSecond: number, clock: Clock) {
    this.#bucket = new TokenBucket(perSecond, clock);
    this.#clock = clock;
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
    this.#bucket.giveBack();
    if (this.#waiting.size > 0) this.#go();
  }

  #withdraw(group: string, begin: Beginner): void {
    const queue = this.#waiting.get(group);
    if (queue?.delete(begin) && queue.size === 0) this.#waiting.delete(group);
  }

  #go(): void {
    while (this.#waiting.size > 0 && this.#bucket.take()) this.#next()();
    if (this.#waiting.size === 0 || this.#timed) return;
    this.#timed = true;
    this.#clock.after(Math.max(shortest, this.#bucket.wait), () => {
      this.#timed = false;
      this.#go();
    });
  }

  /** The oldest of the group whose turn it is, which goes to the end. */
  #next(): Beginner {
    const [[group, queue]] = this.#waiting as Iterable<[string, Set<Beginner>]> as [[string, Set<Beginner>]];
    const [begin] = queue as Iterable<Beginner> as [Beginner];
    queue.delete(begin);
    this.#waiting.delete(group);
    if (queue.size > 0) this.#waiting.set(group, queue);
    return begin;
  }
}
