import { Client, type ClientDuplexStream, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { attachPath, dialOptions, hostDialOptions, instanceDialOptions, instancesPath, wideWindow } from './grpc-options.js';
import { mutual, pinned } from './client-credentials.js';
import type { InstanceIdentity } from './instance-identity.js';
import { sessionOf, type ServerStream } from './stream-internals.js';
import { asIs } from '../protocol/protobuf.js';
import type { Pipe } from '../session/pipe.js';

/** The address of the other end, and how both ends authenticate. */
export interface Destination {
  readonly address: string;
  /** The certificate that the parent must have, PEM; undefined on a Unix socket. */
  readonly certificate?: string;
  /**
   * The other end is on this host. There the system closes the connection when the other process ends, so a process that does not answer is
   * paused, not lost.
   */
  readonly sameHost?: boolean;
  /** For an instance of the app: the certificates of both ends. */
  readonly identity?: InstanceIdentity;
}

/** The events of a connection that this end opened. */
export interface PipeListener {
  packet(packet: Buffer): void;
  /** The connection has ended. Called once, even if this end ended it. */
  gone(error: ServiceError | undefined): void;
}

/** Connects to a parent, or to an instance. */
export type OpenPipe = (to: Destination, listener: PipeListener) => Pipe;

/** A Unix socket that only this user can reach needs no TLS. */
const onThisHost = { credentials: credentials.createInsecure(), options: {} };

/** Time for the other end to end the stream as well, in milliseconds. Then the connection is dropped. */
const endTimeout = 1_000;

/** A connection that this end opened. It has its own gRPC client, which closes with it. */
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
