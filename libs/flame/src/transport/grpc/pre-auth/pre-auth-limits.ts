/** What those may do who reach a port on the network and have not shown yet that they belong to the app. */
export interface PreAuthLimits {
  /**
   * Time, in milliseconds, in which a connection must have let somebody in, or is dropped: for TLS, HTTP/2 and the introduction together.
   *
   * @default 10_000
   */
  introductionTimeout?: number;
  /**
   * Connections at once that have let nobody in yet; when one more comes, the oldest of the address that has the most of them is dropped.
   *
   * @default 1_000
   */
  maxConnections?: number;
  /**
   * New connections from one address in a second; what is more is dropped unheard, and runners that were among it dial again. Of IPv6, a network of
   * 64 bits counts as one address.
   *
   * @default 50
   */
  maxConnectionsPerSecond?: number;
  /**
   * New connections in a second, from all addresses together. What is more is dropped before it is known where it comes from, and runners that were among it
   * dial again, until one of their connections is taken. After a quiet second as many may come at once.
   *
   * @default 1_000
   */
  maxArrivalsPerSecond?: number;
  /**
   * Connections in a second, from all addresses together, with which TLS is begun and which then let nobody in. What is more waits, and one of each address
   * is taken in turn. A runner that is let in does not count, so that any number of them may come together.
   *
   * @default 100
   */
  maxFailuresPerSecond?: number;
  /**
   * Bytes that a connection may bring before it has let somebody in; one that brings more is dropped.
   *
   * @default 131_072
   */
  maxBytes?: number;
  /**
   * The same for HTTP/2 frames of whatever kind: to open a stream, to reset it and to ping are one each.
   *
   * @default 20
   */
  maxFrames?: number;
  /**
   * Streams that may be opened, besides, over a connection that has let somebody in; one with more is dropped, and its runner comes again. A runner needs
   * none.
   *
   * @default 20
   */
  maxStreams?: number;
}

/** The defaults, as `PreAuthLimits` documents them. */
export const preAuthDefaults = {
  introductionTimeout: 10_000,
  maxConnections: 1_000,
  maxConnectionsPerSecond: 50,
  maxArrivalsPerSecond: 1_000,
  maxFailuresPerSecond: 100,
  maxBytes: 131_072,
  maxFrames: 20,
  maxStreams: 20,
} as const satisfies PreAuthLimits;
