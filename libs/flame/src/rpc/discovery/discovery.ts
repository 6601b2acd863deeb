/** Where an instance of the app may be. */
export interface FoundInstance {
  /** `host:port` of where it listens for the others (`FlameRpcModule`'s `port`); an IPv6 host in brackets. */
  readonly address: string;
  /** The region in which it was found, for texts only: each instance says itself where it is. */
  readonly region?: string;
}

/**
 * Finds the instances of the app. Implement it for a registry of your own; an object with a `find` will do.
 *
 * What it finds may be stale, too much, or hold this instance itself: each address is dialled, and only who answers is sent calls. An
 * instance that is found no more is used until it leaves.
 */
export interface Discovery {
  /**
   * All instances there are, asked for every `refreshEvery`. When it rejects, what was found before stays, and the reason is logged.
   * `signal` aborts when the answer is not waited for any more.
   */
  find(signal: AbortSignal): Promise<readonly FoundInstance[]>;
}
