import type { ServerDuplexStream } from '@grpc/grpc-js';

/** The parent's end of one stream. */
export type ServerStream = ServerDuplexStream<Buffer, Buffer>;

/**
 * The socket of a stream's connection, or the stream that replaces it: Node wraps a stream that is not a socket in one. Undefined if the
 * internals of grpc-js have changed.
 */
export function socketUnder(stream: ServerStream): unknown {
  const socket = sessionOf(stream)?.socket;
  return socket?.stream ?? socket;
}

/** True if the messages of a stream are compressed. Read from internals of grpc-js, because interceptors do not see it. */
export function isCompressed(stream: ServerStream): boolean {
  return (callOf(stream)?.incomingEncoding ?? 'identity') !== 'identity';
}

/** The HTTP/2 session of a stream. Undefined if the internals of grpc-js have changed. */
export function sessionOf(stream: ServerStream): Http2Session | undefined {
  return callOf(stream)?.stream?.session;
}

function callOf(stream: ServerStream): ServerCall | undefined {
  return (stream as unknown as { call?: ServerCall }).call;
}

interface ServerCall {
  readonly incomingEncoding?: string;
  readonly stream?: { readonly session?: Http2Session };
}

export interface Http2Session {
  readonly socket?: { readonly stream?: unknown };
  setLocalWindowSize?(size: number): void;
  settings?(settings: { initialWindowSize: number }): void;
}
