import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/**
 * A TLS socket as a plain stream, which HTTP/2 drives through its public methods.
 *
 * Node's HTTP/2 stops reading while its socket takes no more, and holds what it had read already. When a TLS socket goes away in
 * that state, HTTP/2 either never hears of it or aborts the process (nodejs/node#32015; seen on Node 20 and 24). Here a write
 * is always taken, so that the state does not come about. What piles up is bounded by HTTP/2's flow control.
 */
export class ShieldedSocket extends Duplex {
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket) {
    super();
    this.#socket = socket;
    socket.on('data', (data: Buffer) => {
      if (!this.push(data)) socket.pause();
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
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
