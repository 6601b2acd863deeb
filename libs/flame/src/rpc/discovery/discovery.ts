/** An address at which an instance of the app may listen. */
export interface FoundInstance {
  /** `host:port` at which the instance listens for other instances (`FlameRpcModule`'s `port`); an IPv6 host in brackets. */
  readonly address: string;
  /** The region in which it was found, for messages only: each instance reports its own region. */
  readonly region?: string;
}

/**
 * Finds the instances of the app. Implement it for a registry of your own; any object with a `find` method is accepted.
 *
 * The result may be stale, may contain too many addresses, and may contain this instance. Each address is dialled, and only instances that
 * answer get calls. An instance that is no longer in the result is used until its session ends.
 */
export interface Discovery {
  /**
   * Resolves to all existing instances. Called every `refreshEvery` milliseconds. If it rejects, the previous result stays in use, and the
   * reason is logged. `signal` aborts when the result is no longer needed.
   */
  find(signal: AbortSignal): Promise<readonly FoundInstance[]>;
}
