import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { peerOf } from './peer-of.js';

/** How long what was said before an end may take to leave. */
const lingerTimeout = 1_000;

/**
 * A TLS socket as a plain stream, which HTTP/2 drives through its public methods.
 *
 * Node's HTTP/2 stops reading while its socket takes no more, and holds what it had read already. When a TLS socket goes away in
 * that state, HTTP/2 either never hears of it or aborts the process (nodejs/node#32015; seen on Node 20 and 24). Here a write
 * is always taken, so that the state does not come about. What piles up is bounded by HTTP/2's flow control.
 *
 * An end, too, is taken at once: while one is under way, HTTP/2 aborts the process when it has a stream to reset, which strangers can bring about by
 * leaving at the right moment (seen on Node 20).
 */
export class ShieldedSocket extends Duplex {
  /** Where the other end is. */
  readonly peer: string;
  readonly #socket: TLSSocket;

  /** `admits` gets what comes, before HTTP/2 does, and says whether that shall get it. */
  constructor(socket: TLSSocket, admits: (bytes: Buffer) => boolean = () => true) {
    super();
    this.#socket = socket;
    this.peer = peerOf(socket);
    socket.on('data', (data: Buffer) => {
      if (admits(data) && !this.push(data)) socket.pause();
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
    // What was said before a polite end still leaves, if the other end takes it.
    if (error || !this.#socket.writableEnded) this.#socket.destroy();
    else {
      const late = setTimeout(() => this.#socket.destroy(), lingerTimeout).unref();
      this.#socket.once('close', () => clearTimeout(late));
      this.#socket.destroySoon();
    }
    done(error);
  }
}
