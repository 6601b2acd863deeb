import { createServer, type AddressInfo, type ListenOptions, type Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { peerOf, ShieldedSocket } from './pre-auth/shielded-socket.js';
import type { UnauthenticatedConnections } from './pre-auth/unauthenticated-connections.js';
import type { TlsIdentity } from './tls-identity.js';

/** How a listener checks the certificates of clients. */
export interface ClientCheck {
  /** The authority that must have signed the clients' certificates, PEM. */
  readonly ca: string | readonly string[];
  /** Returns true if a client with such a certificate may connect. */
  readonly admits: (client: TLSSocket) => boolean;
  /** Called with the reason when a client is refused. */
  readonly onRefused: (client: string, why: string) => void;
}

/** TLS, and the limits and checks of connections over the network. */
export interface NetworkGuard {
  readonly tls: TlsIdentity;
  /** Limits connections that have not authenticated. */
  readonly unauthenticated: UnauthenticatedConnections;
  /** Requires a certificate of clients. */
  readonly check?: ClientCheck;
}

/**
 * A listening socket that passes its connections to the gRPC server. It owns the sockets of its connections.
 *
 * It listens itself and not through gRPC, so that the kernel probes idle connections (after 10 s, ten times, a second apart). The kernel of
 * a runner's machine answers even while the runner's event loop is busy. If the machine or the network is gone, no answer comes.
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

  /** Listens at `where`: on a Unix socket, or, with a guard, on the network. */
  static async open(grpc: GrpcServer, where: ListenOptions, guard?: NetworkGuard): Promise<Listener> {
    const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const inject = injector.injectConnection.bind(injector);
    const listener = new Listener(guard === undefined ? inject : throughTls(guard, inject), guard?.unauthenticated);
    await listener.listen(where);
    return listener;
  }

  /** Listens at `where` instead of the former place. Open connections stay. */
  async listen(where: ListenOptions): Promise<void> {
    // Close first: closing removes the path, and the new server may listen at the same path.
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

  /** Stops listening and drops all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#net!.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #take(socket: Socket): void {
    // First of all, before any cost arises.
    if (this.#unauthenticated && !this.#unauthenticated.admit(socket)) return;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // gRPC reports the error to the session.
    socket.on('error', () => {});
    this.#enter(socket);
  }
}

/** Runs TLS for the connections that may attach, and passes them on. */
function throughTls(
  { tls: { key, cert }, unauthenticated, check }: NetworkGuard,
  inject: (socket: Duplex) => void,
): (socket: Socket) => void {
  const mutual = check && { ca: [check.ca].flat(), requestCert: true, rejectUnauthorized: true };
  const server = createTlsServer({ key, cert, ALPNProtocols: ['h2'], ...mutual });
  server.on('secureConnection', (socket: TLSSocket) => {
    const peer = peerOf(socket);
    if (!check || check.admits(socket)) return inject(new ShieldedSocket(socket, (bytes) => unauthenticated.received(peer, bytes)));
    check.onRefused(socket.remoteAddress ?? '', 'its certificate was issued for another name');
    socket.destroy();
  });
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    if (socket.remoteAddress !== undefined) check?.onRefused(socket.remoteAddress, error.message);
    socket.destroy();
  });
  return (socket) =>
    unauthenticated.add(socket, () => {
      // Only now, because a connection that is dropped should cost little.
      socket.setNoDelay(true).setKeepAlive(true, 10_000);
      server.emit('connection', socket);
    });
}
