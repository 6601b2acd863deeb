import { Client, type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import { asIs, attachPath, dialOptions } from './grpc-options.js';
import { pinned } from './pinned-certificate.js';
import type { Pipe } from './pipe.js';

/** What a runner's connection tells. */
export interface PipeListener {
  packet(packet: Buffer): void;
  /** The connection is over, once, also when this end ended it. */
  gone(error: ServiceError | undefined): void;
}

/** Where a parent is, and what it must show. */
export interface Destination {
  readonly address: string;
  readonly certificate?: string;
}

/** Connects to a parent. */
export type OpenPipe = (to: Destination, listener: PipeListener) => Pipe;

/** A Unix socket that only this user can reach needs no more. */
const onThisHost = { credentials: credentials.createInsecure(), options: {} };

/** How long a polite end may take before the connection is dropped. */
const endTimeout = 1_000;

/** A connection that this runner made, over a gRPC client of its own, which is closed with it. */
export class ClientPipe implements Pipe {
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  #ended = false;
  #endTimer: NodeJS.Timeout | undefined;

  constructor(address: string, certificate: string | undefined, listener: PipeListener) {
    const { credentials, options } = certificate === undefined ? onThisHost : pinned(certificate);
    this.#client = new Client(address, credentials, { ...dialOptions, ...options });
    this.#stream = this.#client.makeBidiStreamRequest(attachPath, asIs, asIs);
    this.#stream.on('data', (packet: Buffer) => listener.packet(packet));
    let over = false;
    const gone = (error?: ServiceError): void => {
      if (over) return;
      over = true;
      this.#ended = true;
      clearTimeout(this.#endTimer);
      this.#client.close();
      listener.gone(error);
    };
    this.#stream.on('error', (error: ServiceError) => gone(error));
    this.#stream.on('status', () => gone());
  }

  write(packet: Buffer, written: () => void): void {
    if (!this.#ended) this.#stream.write(packet, written);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream.end();
    this.#endTimer = setTimeout(() => this.#stream.cancel(), endTimeout);
    this.#endTimer.unref();
  }

  destroy(): void {
    this.#ended = true;
    this.#stream.cancel();
  }
}
