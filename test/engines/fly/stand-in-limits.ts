/** Requests of one kind: so many a second, and so many at once. */
interface Limit {
  readonly perSecond: number;
  readonly burst: number;
}

/** "1 request, per second, per action […] with a short-term burst limit up to 3 req/s"; "Get Machine […] is 5 req/s, […] up to 10 req/s". */
const limits: Record<'get' | 'other', Limit> = { get: { perSecond: 5, burst: 10 }, other: { perSecond: 1, burst: 3 } };

/** The limits of the Machines API as its documentation has them: a bucket for each action and app or machine. */
export class StandInLimits {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  /** Takes one request; gives the seconds to wait when there have been too many, and undefined when it may pass. */
  refuse(action: string, id: string): number | undefined {
    const { perSecond, burst } = limits[action === 'get' ? 'get' : 'other'];
    const key = `${action} ${id}`;
    const now = performance.now();
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now };
    // A little more than its due: a client that keeps the pace to the millisecond is not refused for the network's own haste.
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at + 5) * perSecond) / 1_000);
    bucket.at = now;
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond));
    bucket.tokens -= 1;
    return undefined;
  }
}
