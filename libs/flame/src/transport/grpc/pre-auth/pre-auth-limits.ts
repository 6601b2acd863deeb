/**
 * Limits on connections that have not authenticated yet, on a port on the network. A Unix socket has none: only the same user reaches it.
 */
export interface PreAuthLimits {
  /**
   * Time, in milliseconds, that a connection may take to authenticate: TLS, HTTP/2 and the introduction together. A slower one is dropped.
   *
   * @default 10_000
   */
  timeout?: number;
  /**
   * Unauthenticated connections at once. When one more comes, the oldest one of the address that has the most is dropped.
   *
   * @default 1_000
   */
  maxConnections?: number;
  /**
   * New connections of one address in a second; an IPv6 network of 64 bits counts as one address. More are dropped before TLS, and runners
   * among them dial again.
   *
   * @default 50
   */
  maxConnectionsPerSecond?: number;
  /**
   * Bytes that a connection may send before it has authenticated. One that sends more is dropped. A runner's introduction names all
   * handlers of the app.
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

/** Limits that are no options, as nobody needs other values. Tests lower them. */
export const fixedLimits = {
  /**
   * Connections that a port accepts in a second, from all addresses: as many runners as may come back together after a cut. More are
   * dropped before Node makes a socket.
   */
  maxAcceptedPerSecond: 1_000,
  /**
   * Connections in a second, from all addresses, that begin TLS and do not authenticate. Each takes 1 to 2 ms, so that a fifth of a
   * processor is spent at most.
   */
  maxFailuresPerSecond: 100,
  /**
   * HTTP/2 frames before a connection has authenticated, besides one for each 16 KiB of `maxBytes`. A runner sends four; 128 KiB of frames
   * could open 1,300 streams.
   */
  maxFrames: 12,
};

/** All limits on unauthenticated connections. */
export type ConnectionLimits = PreAuthLimits & Partial<typeof fixedLimits>;
