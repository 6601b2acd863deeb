/** What went wrong in a pool, as its recent failures tell it. `at` is the wall clock, in milliseconds since 1970. */
export interface PoolFailure {
  readonly at: number;
  /** A boot failed, a runner was lost, a handler threw, or a call got one of FLAME's own errors. */
  readonly type: 'boot' | 'lost' | 'threw' | 'call';
  /** The error's code or name: `FLAME_TIMEOUT`, `TypeError`, the phase of a boot. */
  readonly code: string;
  /** For people: the first 2,000 characters. */
  readonly message: string;
  readonly handler: string | undefined;
  readonly runner: string | undefined;
  /** How many of the same kind, one after the other, this one stands for. */
  readonly count: number;
}

/** How many failures are kept, and how much of each one's message. */
const most = 50;
const longest = 2_000;

/** The last failures of a pool, newest first. Bounded; what repeats itself is counted and not listed again. */
export class RecentFailures {
  readonly #failures: PoolFailure[] = [];

  get list(): readonly PoolFailure[] {
    return this.#failures.toReversed();
  }

  add(failure: Omit<PoolFailure, 'count'>): void {
    const message = failure.message.length > longest ? `${failure.message.slice(0, longest)}…` : failure.message;
    const last = this.#failures.at(-1);
    const repeated = last?.type === failure.type && last.code === failure.code && last.handler === failure.handler;
    // Of a thousand calls that a full queue refused, the last one says it all.
    if (repeated) this.#failures.pop();
    this.#failures.push({ ...failure, message, count: repeated ? last.count + 1 : 1 });
    if (this.#failures.length > most) this.#failures.shift();
  }
}
