import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** Time, in milliseconds, in which what was written before an end may still leave. */
const lingerTimeout = 1_000;

/** The address and port of a connection's other end. No two open connections have the same. */
export function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/**
 * A TLS socket as a plain stream, which HTTP/2 drives through its public methods.
 *
 * Node's HTTP/2 stops reading while its socket takes no more, and holds what it has read. When a TLS socket goes away in that state, HTTP/2
 * either never hears of it or aborts the process (nodejs/node#32015; seen on Node 20 and 24). So a write is always taken here; HTTP/2's
 * flow control limits what piles up.
 *
 * An end is taken at once, too: while one is under way, HTTP/2 aborts the process when it has a stream to reset. An unauthenticated client
 * can bring that about by leaving at the right moment (seen on Node 20).
 */
export class ShieldedSocket extends Duplex {
  /** As `peerOf`, also when the socket is closed. */
  readonly peer: string;
  readonly #socket: TLSSocket;

  /** `accept` is called with incoming bytes before HTTP/2 gets them, and returns whether it may have them. */
  constructor(socket: TLSSocket, accept: (bytes: Buffer) => boolean = () => true) {
    super();
    this.#socket = socket;
    this.peer = peerOf(socket);
    socket.on('data', (data: Buffer) => {
      if (accept(data) && !this.push(data)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, taken: () => void): void {
    this.#socket.write(chunk);
    taken();
  }

  override _writev(chunks: { chunk: Buffer }[], taken: () => void): void {
    this.#socket.cork();
    for (const { chunk } of chunks) this.#socket.write(chunk);
    this.#socket.uncork();
    taken();
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // What was written before an end still leaves, if the other end reads it.
    if (error || !this.#socket.writableEnded) this.#socket.destroy();
    else {
      const timer = setTimeout(() => this.#socket.destroy(), lingerTimeout).unref();
      this.#socket.once('close', () => clearTimeout(timer));
      this.#socket.destroySoon();
    }
    done(error);
  }
}
