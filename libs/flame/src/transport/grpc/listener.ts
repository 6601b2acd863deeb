import { createServer, type AddressInfo, type ListenOptions, type Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { peerOf, ShieldedSocket } from './pre-auth/shielded-socket.js';
import type { UnauthenticatedConnections } from './pre-auth/unauthenticated-connections.js';
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

/** Who may connect over the network, where TLS is spoken. */
export interface NetworkGuard {
  readonly tls: TlsIdentity;
  /** Limits connections that have not authenticated. */
  readonly unauthenticated: UnauthenticatedConnections;
  /** Lets only those in who show a certificate, too. */
  readonly check?: ClientCheck;
}

/**
 * A socket that hands connections to the gRPC server. It owns the sockets of its connections.
 *
 * Listening ourselves and not through gRPC lets the kernel probe idle connections (after 10 s, ten times, a second apart):
 * the kernel of a runner answers also while its event loop is busy, and stops when the machine or the network is gone.
 */
export class Listener {
  readonly #enter: (socket: Socket) => void;
  readonly #unauthenticated: UnauthenticatedConnections | undefined;
  readonly #sockets = new Set<Socket>();
  #net: NetServer | undefined;

  private constructor(enter: (socket: Socket) => void, unauthenticated: UnauthenticatedConnections | undefined) {
    this.#enter = enter;
    this.#unauthenticated = unauthenticated;
  }

  /** Listens there: on a Unix socket, or, with a guard, on the network. */
  static async open(grpc: GrpcServer, where: ListenOptions, guard?: NetworkGuard): Promise<Listener> {
    const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const inject = injector.injectConnection.bind(injector);
    const listener = new Listener(guard === undefined ? inject : throughTls(guard, inject), guard?.unauthenticated);
    await listener.listen(where);
    return listener;
  }

  /** Listens there in place of where it did; what is connected stays. */
  async listen(where: ListenOptions): Promise<void> {
    // Before another listens at the same path, which this takes away.
    this.#net?.close();
    const net = (this.#net = createServer());
    this.#unauthenticated?.guard(net);
    net.on('connection', (socket: Socket) => this.#take(socket));
    await new Promise<void>((resolve, reject) => {
      net.once('error', reject);
      net.listen(where, resolve);
    });
  }

  get port(): number {
    return (this.#net!.address() as AddressInfo).port;
  }

  /** Stops listening and drops what is connected. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#net!.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #take(socket: Socket): void {
    // Before anything else is done for it.
    if (this.#unauthenticated && !this.#unauthenticated.admit(socket)) return;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // What it means is told to the session by gRPC.
    socket.on('error', () => {});
    this.#enter(socket);
  }
}

/** Takes TLS off connections, of those who may come, and hands them on. */
function throughTls(
  { tls: { key, cert }, unauthenticated, check }: NetworkGuard,
  inject: (socket: Duplex) => void,
): (socket: Socket) => void {
  const mutual = check && { ca: [check.ca].flat(), requestCert: true, rejectUnauthorized: true };
  const server = createTlsServer({ key, cert, ALPNProtocols: ['h2'], ...mutual });
  server.on('secureConnection', (socket: TLSSocket) => {
    const peer = peerOf(socket);
    if (!check || check.admits(socket)) return inject(new ShieldedSocket(socket, (bytes) => unauthenticated.received(peer, bytes)));
    check.onRefused(socket.remoteAddress ?? '', 'its certificate is for somebody else');
    socket.destroy();
  });
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    if (socket.remoteAddress !== undefined) check?.onRefused(socket.remoteAddress, error.message);
    socket.destroy();
  });
  return (socket) =>
    unauthenticated.add(socket, () => {
      // Not before, as a connection that is dropped should cost little.
      socket.setNoDelay(true).setKeepAlive(true, 10_000);
      server.emit('connection', socket);
    });
}
