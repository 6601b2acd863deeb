import { createServer, type AddressInfo, type ListenOptions, type Server as NetServer, type Socket } from 'node:net';
import type { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';

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

  static async open(grpc: GrpcServer, credentials: ServerCredentials, where: ListenOptions): Promise<Listener> {
    const injector = grpc.createConnectionInjector(credentials);
    const net = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });
    const listener = new Listener(net);
    net.on('connection', (socket) => {
      listener.#sockets.add(socket);
      socket.on('close', () => listener.#sockets.delete(socket));
      // What it means is told to the session by gRPC.
      socket.on('error', () => {});
      injector.injectConnection(socket);
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
