/** A failure in a pool. `at` is the wall clock, in milliseconds since 1970. */
export interface PoolFailure {
  readonly at: number;
  /** A boot failed, a runner was lost, a handler threw, or a call got one of FLAME's own errors. */
  readonly type: 'boot' | 'lost' | 'threw' | 'call';
  /** The code or name of the error: `FLAME_TIMEOUT`, `TypeError`, or the phase of a boot. */
  readonly code: string;
  /** The first 2,000 characters of the error's message. */
  readonly message: string;
  readonly handler: string | undefined;
  readonly runner: string | undefined;
  /** How many consecutive failures of the same kind this entry stands for. */
  readonly count: number;
}

/** The most failures that are kept, and the most characters of each message. */
const most = 50;
const longest = 2_000;

/** The last failures of a pool, newest first. The list is bounded. Repeated failures are counted in one entry. */
export class RecentFailures {
  readonly #failures: PoolFailure[] = [];

  get list(): readonly PoolFailure[] {
    return this.#failures.toReversed();
  }

  add(failure: Omit<PoolFailure, 'count'>): void {
    const message = failure.message.length > longest ? `${failure.message.slice(0, longest)}…` : failure.message;
    const last = this.#failures.at(-1);
    const repeated = last?.type === failure.type && last.code === failure.code && last.handler === failure.handler;
    // If a full queue refuses a thousand calls, one entry is enough.
    if (repeated) this.#failures.pop();
    this.#failures.push({ ...failure, message, count: repeated ? last.count + 1 : 1 });
    if (this.#failures.length > most) this.#failures.shift();
  }
}
