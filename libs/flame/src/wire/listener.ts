import { createServer, type AddressInfo, type ListenOptions, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { ShieldedSocket } from './shielded-socket.js';
import type { TlsIdentity } from './tls-identity.js';

/** How a listener knows who connects. */
export interface ClientCheck {
  /** The authority that must have signed what clients show, PEM. */
  readonly ca: string | readonly string[];
  /** Whether a client with such a certificate may come in. */
  readonly admits: (client: TLSSocket) => boolean;
  /** Told why a client may not. */
  readonly onRefused: (client: string, why: string) => void;
}

/** How long whoever dials over the network may take for TLS. */
const handshakeTimeout = 10_000;

/**
 * A socket that hands connections to the gRPC server. It owns the sockets of its connections.
 *
 * Listening ourselves and not through gRPC lets the kernel probe idle connections (after 10 s, ten times, a second apart):
 * the kernel of a runner answers also while its event loop is busy, and stops when the machine or the network is gone.
 */
export class Listener {
  readonly #net: NetServer;
  readonly #sockets = new Set<Socket>();

  private constructor(net: NetServer) {
    this.#net = net;
  }

  /** Listens there; with TLS if there is an identity, and then, with a `check`, for those only who show a certificate, too. */
  static async open(grpc: GrpcServer, where: ListenOptions, tls?: TlsIdentity, check?: ClientCheck): Promise<Listener> {
    const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000, handshakeTimeout };
    const mutual = check && { ca: [check.ca].flat(), requestCert: true, rejectUnauthorized: true };
    const net =
      tls === undefined
        ? createServer(options)
        : createTlsServer({ ...options, key: tls.key, cert: tls.cert, ALPNProtocols: ['h2'], ...mutual });
    const listener = new Listener(net);
    net.on('connection', (socket: Socket) => {
      listener.#sockets.add(socket);
      socket.on('close', () => listener.#sockets.delete(socket));
      // What it means is told to the session by gRPC.
      socket.on('error', () => {});
      if (tls === undefined) injector.injectConnection(socket);
    });
    net.on('secureConnection', (socket: TLSSocket) => {
      if (!check || check.admits(socket)) return injector.injectConnection(new ShieldedSocket(socket));
      check.onRefused(socket.remoteAddress ?? '', 'its certificate is for somebody else');
      socket.destroy();
    });
    net.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      if (socket.remoteAddress !== undefined) check?.onRefused(socket.remoteAddress, error.message);
      socket.destroy();
    });
    await new Promise<void>((resolve, reject) => {
      net.once('error', reject);
      net.listen(where, resolve);
    });
    return listener;
  }

  get port(): number {
    return (this.#net.address() as AddressInfo).port;
  }

  /** Stops listening and drops what is connected. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#net.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
