import { Client, type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import { asIs, attachPath, dialOptions, hostDialOptions, instanceDialOptions, instancesPath } from './grpc-options.js';
import { mutual } from './mutual-tls.js';
import { pinned } from './pinned-certificate.js';
import type { InstanceIdentity } from './instance-identity.js';
import type { Pipe } from '../session/pipe.js';

/** Where the other end is, and how it shows who it is. */
export interface Destination {
  readonly address: string;
  /** What a parent must show, PEM; none on a Unix socket. */
  readonly certificate?: string;
  /** It is on this host, where the system tells when its process ends: a silent one is paused, and not lost. */
  readonly sameHost?: boolean;
  /** For an instance of the app: what both ends must show. */
  readonly identity?: InstanceIdentity;
}

/** What a dialled connection tells. */
export interface PipeListener {
  packet(packet: Buffer): void;
  /** The connection is over, once, also when this end ended it. */
  gone(error: ServiceError | undefined): void;
}

/** Connects to a parent, or to an instance. */
export type OpenPipe = (to: Destination, listener: PipeListener) => Pipe;

/** A Unix socket that only this user can reach needs no more. */
const onThisHost = { credentials: credentials.createInsecure(), options: {} };

/** How long a polite end may take before the connection is dropped. */
const endTimeout = 1_000;

/** A connection that this end made, over a gRPC client of its own, which is closed with it. */
export class ClientPipe implements Pipe {
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  #ended = false;
  #endTimer: NodeJS.Timeout | undefined;

  constructor({ address, certificate, identity, sameHost = false }: Destination, listener: PipeListener) {
    const trust = identity ? mutual(identity) : certificate === undefined ? onThisHost : pinned(certificate);
    const options = identity ? instanceDialOptions : sameHost ? hostDialOptions : dialOptions;
    this.#client = new Client(address, trust.credentials, { ...options, ...trust.options });
    this.#stream = this.#client.makeBidiStreamRequest(identity ? instancesPath : attachPath, asIs, asIs);
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
