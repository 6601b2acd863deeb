import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** Time for written bytes to leave after the end, in milliseconds. */
const lingerTimeout = 1_000;

/** The address and port of the connection's other end. Two open connections never have the same. */
export function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/**
 * A TLS socket as a plain stream, which HTTP/2 uses through its public methods.
 *
 * Node's HTTP/2 stops reading while its socket accepts no writes, and keeps the bytes that it has read. If a TLS socket closes in that
 * state, HTTP/2 either does not notice or aborts the process (nodejs/node#32015; seen on Node 20 and 24). So this class accepts every
 * write. HTTP/2's flow control limits the bytes that wait.
 *
 * It also accepts an end at once. While an end is in progress, HTTP/2 aborts the process when it has to reset a stream. An unauthenticated
 * client can cause this by leaving at the right moment (seen on Node 20).
 */
export class ShieldedSocket extends Duplex {
  /** The result of `peerOf`; valid also after the socket has closed. */
  readonly peer: string;
  readonly #socket: TLSSocket;

  /** `accept` is called with incoming bytes before HTTP/2 gets them. HTTP/2 gets them only if it returns true. */
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
    // Bytes that were written before the end still leave, if the other end reads them.
    if (error || !this.#socket.writableEnded) this.#socket.destroy();
    else {
      const timer = setTimeout(() => this.#socket.destroy(), lingerTimeout).unref();
      this.#socket.once('close', () => clearTimeout(timer));
      this.#socket.destroySoon();
    }
    done(error);
  }
}
