import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { wideWindow } from './grpc-options.js';
import type { Pipe } from '../session/pipe.js';

/** The parent's end of one stream. */
export type ServerStream = ServerDuplexStream<Buffer, Buffer>;

/** A connection that a runner made. */
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
  // gRPC's way of answering with a status; nothing is thrown.
  stream.emit('error', { code, details });
}

/**
 * grpc-js (1.14) gives `grpc-node.flow_control_window` to clients only, so the server's connection is widened from within,
 * and only after its runner was let in. Should these internals go, the connection keeps HTTP/2's 64 KiB and is merely slower.
 */
function widenWindow(stream: ServerStream): void {
  const session = under(stream);
  if (session?.setLocalWindowSize === undefined || session.settings === undefined) return;
  session.setLocalWindowSize(wideWindow);
  session.settings({ initialWindowSize: wideWindow });
}

/** What a stream's connection was made of; undefined should the internals of grpc-js go. Node puts a socket of its own around what is none. */
export function socketUnder(stream: ServerStream): unknown {
  const socket = under(stream)?.socket;
  return socket?.stream ?? socket;
}

/** Whether its messages are compressed, as far as the internals of grpc-js say: interceptors do not get to see it. */
export function isCompressed(stream: ServerStream): boolean {
  return (callOf(stream)?.incomingEncoding ?? 'identity') !== 'identity';
}

function under(stream: ServerStream): Http2Session | undefined {
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
