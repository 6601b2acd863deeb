/**
 * Limits on connections that have not authenticated, on a network port. A Unix socket has no limits, because only the same user reaches it.
 */
export interface PreAuthLimits {
  /**
   * Time for a connection to authenticate, in milliseconds: TLS, HTTP/2 and the introduction together. A slower connection is dropped.
   *
   * @default 10_000
   */
  timeout?: number;
  /**
   * The most unauthenticated connections at a time. When one more connects, the port drops the oldest connection of the address that has
   * the most.
   *
   * @default 1_000
   */
  maxConnections?: number;
  /**
   * The most new connections of one address in a second; an IPv6 network of 64 bits counts as one address. Further connections are dropped
   * before TLS. Runners among them connect again.
   *
   * @default 50
   */
  maxConnectionsPerSecond?: number;
  /**
   * The most bytes that a connection may send before it has authenticated. A connection that sends more is dropped. The introduction of a
   * runner names all handlers of the app.
   *
   * @default 131_072
   */
  maxBytes?: number;
}

/** The defaults, as `PreAuthLimits` documents them. */
export const preAuthDefaults = {
  timeout: 10_000,
  maxConnections: 1_000,
  maxConnectionsPerSecond: 50,
  maxBytes: 131_072,
} as const satisfies PreAuthLimits;

/** Limits that are not options, because no app needs other values. Tests lower them. */
export const fixedLimits = {
  /**
   * Connections that a port accepts in a second, from all addresses: enough for the runners that reconnect together after a cut. Further
   * connections are dropped before Node makes a socket.
   */
  maxAcceptedPerSecond: 1_000,
  /**
   * Connections that begin TLS in a second and do not authenticate, from all addresses. Each takes 1 to 2 ms of CPU time, so all of them
   * take at most a fifth of a processor.
   */
  maxFailuresPerSecond: 100,
  /**
   * HTTP/2 frames that a connection may send before it has authenticated, in addition to one for each 16 KiB of `maxBytes`. A runner sends
   * four. Without this limit, 128 KiB of frames could open 1,300 streams.
   */
  maxFrames: 12,
};

/** All limits on unauthenticated connections. */
export type ConnectionLimits = PreAuthLimits & Partial<typeof fixedLimits>;
