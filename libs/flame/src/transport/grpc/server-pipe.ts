import { status } from '@grpc/grpc-js';
import { wideWindow } from './grpc-options.js';
import { sessionOf, type ServerStream } from './stream-internals.js';
import type { Pipe } from '../session/pipe.js';

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
