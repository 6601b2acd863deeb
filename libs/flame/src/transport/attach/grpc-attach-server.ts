import { AsyncResource } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { ListenOptions } from 'node:net';
import { hostname } from 'node:os';
import type { Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Clock } from '../../core/clock.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { AttachService } from './attach-service.js';
import { HealthStatus, loadHealthService } from '../grpc/health-status.js';
import { alone, HostListener } from '../grpc/host-listener.js';
import type { Attachment, AttachServer, ParentAddress, ExpectedRunner, ServedCode } from '../session/link.js';
import type { Listener, NetworkGuard } from '../grpc/listener.js';
import { SharedMemory } from '../session/shared-memory.js';
import type { ConnectionLimits } from '../grpc/pre-auth/pre-auth-limits.js';
import { thisSystem } from '../../system/system.js';
import { UnauthenticatedConnections } from '../grpc/pre-auth/unauthenticated-connections.js';
import { SystemClock } from '../../system/system-clock.js';
import type { ServerStream } from '../grpc/stream-internals.js';
import { PendingAttachments } from './pending-attachments.js';
import { makeTlsIdentity, type TlsIdentity } from '../grpc/tls-identity.js';

export interface GrpcAttachServerOptions {
  /**
   * The interface on which runners of other machines reach the parent; all interfaces if left out. The parent opens it only for backends
   * that need the network. It accepts only TLS, and only runners with a token.
   */
  readonly bind?: string;
  /**
   * The port for runners of other machines; 0 takes any free port.
   *
   * @default 0
   */
  readonly port?: number;
  /**
   * The host name to which runners connect unless the backend names another. If left out: `bind` if that is a single interface, else the
   * host name of this machine.
   */
  readonly advertise?: string;
  /** Key and certificate of the network port; made at start if left out. */
  readonly tls?: TlsIdentity;
  /**
   * Time for which a broken connection may come back before the session counts as cut, in milliseconds.
   *
   * @default 5_000
   */
  readonly reconnectTimeout?: number;
  /**
   * The largest incoming value, in bytes. A larger value ends the session.
   *
   * @default 268_435_456
   */
  readonly maxPayload?: number;
  /**
   * Values of at least this many bytes pass through shared memory, to and from runners on this host; `Infinity` for none.
   *
   * @default 32_768
   */
  readonly sharedMemoryFrom?: number;
  /** Limits on connections to the network port that have not authenticated. */
  readonly preAuth?: ConnectionLimits;
  readonly clock?: Clock;
  /** Called with warnings that need action. */
  readonly warn?: (text: string) => void;
}

/** For runners of this host without Unix sockets, and for tunnels. It has its own certificate, because `tls` may not name this address. */
const loopback: GrpcAttachServerOptions = { bind: '127.0.0.1' };

/**
 * The parent's gRPC server. It loads gRPC and listens only when an address is first requested: an app whose pools are all local never
 * listens. It serves `flame.v1.Runners`, `grpc.health.v1.Health` and the services added with `serve`.
 */
export class GrpcAttachServer implements AttachServer {
  readonly #options: GrpcAttachServerOptions;
  readonly #clock: Clock;
  readonly #pending = new PendingAttachments();
  readonly #unauthenticated: UnauthenticatedConnections;
  /** A link is made in the async context of the call that needed a runner. Later frames must not be delivered in that context. */
  readonly #scope = new AsyncResource('FLAMEATTACH');
  #runners: AttachService | undefined;
  #code: Promise<void> | undefined;
  readonly #health: HealthStatus;
  readonly #services: [ServiceDefinition, UntypedServiceImplementation][] = [];
  #server: Promise<Server> | undefined;
  readonly #host = new HostListener((where) => this.#open(where));
  readonly #tcp: { [where in 'loopback' | 'network']?: Promise<(host?: string) => ParentAddress> | undefined } = {};
  readonly #listeners: Listener[] = [];
  #closed: Promise<void> | undefined;

  /** `health` is the health status that the server reports. */
  constructor(options: GrpcAttachServerOptions = {}, health = new HealthStatus()) {
    this.#options = options;
    this.#clock = options.clock ?? new SystemClock();
    this.#unauthenticated = new UnauthenticatedConnections(options.preAuth ?? {}, this.#clock);
    this.#health = health;
  }

  expect(expected: ExpectedRunner, signal: AbortSignal): Promise<Attachment> {
    return this.#pending.expect(expected, signal);
  }

  /**
   * Returns the address for runners on this host or on the network. On this host it is a Unix socket private to the user, or loopback with
   * TLS if the system has no Unix sockets. On the network it is TCP with TLS, with `host` as the name of this machine.
   *
   * Starts to listen on the first call, and listens again if the socket was removed. After a failure the next call tries again.
   *
   * @throws {FlameError} FLAME_CONFIG when it cannot listen.
   */
  async address(reach: 'host' | 'network', host?: string): Promise<ParentAddress> {
    this.#refuseIfClosed();
    if (reach === 'host' && thisSystem().unixSockets) return { address: `unix:${await this.#host.path()}` };
    return this.#tcpAddress(reach === 'host' ? 'loopback' : 'network', host);
  }

  /**
   * Returns the address for runners of other hosts whose connections the backend carries: `tunnel` gets a port on loopback and returns the
   * address of its other end. The connections use TLS.
   *
   * @throws {FlameError} FLAME_CONFIG when it cannot listen.
   */
  async tunnelled(tunnel: (port: number) => Promise<string>): Promise<ParentAddress> {
    const { address, certificate } = await this.#tcpAddress('loopback');
    return { address: await tunnel(Number(address.slice(address.lastIndexOf(':') + 1))), certificate };
  }

  /** Adds a service to the server. */
  async serve(definition: ServiceDefinition, implementation: UntypedServiceImplementation): Promise<void> {
    this.#services.push([definition, implementation]);
    if (this.#server !== undefined) (await this.#server).addService(definition, implementation);
  }

  async serveCode(runner: string, code: ServedCode): Promise<void> {
    this.#code ??= this.#addCode();
    await this.#code;
    this.#pending.offerCode(runner, code);
  }

  /** Closes all sessions and stops listening; idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#pending.close();
    await this.#runners?.close('the parent is closing');
    // A listener can be closed only after it is open. The callers of `address` got any failures.
    await Promise.allSettled([this.#host.settled(), this.#tcp.loopback, this.#tcp.network]);
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    (await this.#server)?.forceShutdown();
    await this.#host.remove();
  }

  #refuseIfClosed(): void {
    if (this.#closed !== undefined) throw new FlameError('FLAME_REFUSED', 'the parent is closing and takes no more runners');
  }

  async #tcpAddress(where: 'loopback' | 'network', host?: string): Promise<ParentAddress> {
    this.#refuseIfClosed();
    this.#tcp[where] ??= this.#listenOnTcp(where === 'loopback' ? loopback : this.#options).catch((error: unknown) => {
      this.#tcp[where] = undefined;
      throw error;
    });
    return (await this.#tcp[where])(host);
  }

  async #listenOnTcp(options: GrpcAttachServerOptions): Promise<(host?: string) => ParentAddress> {
    const { bind, port = 0, advertise, tls = await makeTlsIdentity() } = options;
    const listener = await this.#open({ host: bind, port, ...alone }, { tls, unauthenticated: this.#unauthenticated }).catch(
      (error: Error) => {
        const where = `${bind ?? 'all interfaces'}, port ${port}`;
        throw new FlameError('FLAME_CONFIG', `the parent cannot listen for runners on ${where}: ${error.message}`, { cause: error });
      },
    );
    const usual = advertise ?? (bind === undefined || bind === '0.0.0.0' || bind === '::' ? hostname() : bind);
    return (host = usual) => ({
      address: `${host.includes(':') ? `[${host}]` : host}:${listener.port}`,
      certificate: tls.ca ?? tls.cert,
    });
  }

  /** Adds the service for code, which few apps use. */
  async #addCode(): Promise<void> {
    const { CodeService } = await import('./code-service.js');
    const onAuthenticated = (stream: ServerStream): void => this.#unauthenticated.authenticated(stream);
    this.#server ??= this.#makeServer();
    new CodeService(this.#pending, { clock: this.#clock, onAuthenticated }).addTo(await this.#server);
  }

  /** Loads gRPC, so that the first boot need not wait for it. An app whose runners are all in its own process never loads it. */
  async load(): Promise<void> {
    await Promise.all([loadServer(), loadHealthService()]);
  }

  async #open(where: ListenOptions, guard?: NetworkGuard): Promise<Listener> {
    this.#server ??= this.#makeServer().catch((error: unknown) => {
      this.#server = undefined;
      throw error;
    });
    const [server, { Listener }] = await Promise.all([this.#server, import('../grpc/listener.js')]);
    const listener = await Listener.open(server, where, guard);
    this.#listeners.push(listener);
    return listener;
  }

  async #makeServer(): Promise<Server> {
    const [{ makeGrpcServer }, { AttachService }, { serverOptions }] = await loadServer();
    const server = makeGrpcServer(serverOptions);
    const { reconnectTimeout = 5_000, maxPayload = 256 * 1024 * 1024, sharedMemoryFrom = 32_768 } = this.#options;
    const newKey = (): Buffer => randomBytes(32);
    this.#runners = new AttachService(this.#pending, {
      clock: this.#clock,
      reconnectTimeout,
      maxPayload,
      onAuthenticated: (stream) => this.#unauthenticated.authenticated(stream),
      onSuspended: () => void this.#host.restore(),
      shared: sharedMemoryFrom === Infinity ? undefined : new SharedMemory(sharedMemoryFrom, this.#options.warn),
      newKey,
      scope: this.#scope,
    });
    this.#runners.addTo(server);
    await this.#health.addTo(server);
    for (const [definition, implementation] of this.#services) server.addService(definition, implementation);
    return server;
  }
}

function loadServer() {
  return Promise.all([import('../grpc/grpc-server.js'), import('./attach-service.js'), import('../grpc/grpc-options.js')]);
}
