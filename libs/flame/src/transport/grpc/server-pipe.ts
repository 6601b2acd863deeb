import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { wideWindow } from './grpc-options.js';
import type { Pipe } from '../session/pipe.js';

/** The parent's end of one stream. */
export type ServerStream = ServerDuplexStream<Buffer, Buffer>;

/** A connection that a runner or another instance opened. */
export class ServerPipe implements Pipe {
  readonly #stream: ServerStream;
  #ended = false;

  constructor(stream: ServerStream) {
    this.#stream = stream;
    widenWindow(stream);
  }

  write(packet: Buffer, written: () => void): void {
    if (!this.#ended) this.#stream.write(packet, written);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream.end();
  }

  destroy(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    endWith(this.#stream, status.ABORTED, reason);
  }
}

/** Ends a stream with a status and a text. */
export function endWith(stream: ServerStream, code: status, details: string): void {
  // This is how grpc-js answers with a status. It throws nothing.
  stream.emit('error', { code, details });
}

/**
 * grpc-js (1.14) applies `grpc-node.flow_control_window` to clients only. So this function sets the window of a server's connection through
 * internals of grpc-js, after its runner has authenticated. Without these internals the connection keeps HTTP/2's 64 KiB and is only
 * slower.
 */
function widenWindow(stream: ServerStream): void {
  const session = sessionOf(stream);
  if (session?.setLocalWindowSize === undefined || session.settings === undefined) return;
  session.setLocalWindowSize(wideWindow);
  session.settings({ initialWindowSize: wideWindow });
}

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

function sessionOf(stream: ServerStream): Http2Session | undefined {
  return callOf(stream)?.stream?.session;
}

function callOf(stream: ServerStream): ServerCall | undefined {
  return (stream as unknown as { call?: ServerCall }).call;
}

interface ServerCall {
  readonly incomingEncoding?: string;
  readonly stream?: { readonly session?: Http2Session };
}

interface Http2Session {
  readonly socket?: { readonly stream?: unknown };
  setLocalWindowSize?(size: number): void;
  settings?(settings: { initialWindowSize: number }): void;
}
