import { AsyncResource } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { Server } from '@grpc/grpc-js';
import type { Clock } from '../../core/clock.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { AttachService } from '../../transport/attach/attach-service.js';
import { AttachRejected } from '../../transport/attach/pending-attachments.js';
import { goodbyeTimeout } from './goodbye-timeout.js';
import { instancesPath, serverOptions } from '../../transport/grpc/grpc-options.js';
import { makeGrpcServer } from '../../transport/grpc/grpc-server.js';
import type { InstanceIdentity } from '../../transport/grpc/instance-identity.js';
import type { Attachment, Hello } from '../../transport/session/link.js';
import { Listener } from '../../transport/grpc/listener.js';
import { isInstance } from '../../transport/grpc/client-credentials.js';
import type { PreAuthLimits } from '../../transport/grpc/pre-auth/pre-auth-limits.js';
import { UnauthenticatedConnections } from '../../transport/grpc/pre-auth/unauthenticated-connections.js';

export interface InstanceServerOptions {
  /** The description of this instance for the others. */
  readonly about: Hello;
  readonly identity: InstanceIdentity;
  /** The interface to listen on; all if omitted. */
  readonly host: string | undefined;
  /** The port; 0 takes any free port. */
  readonly port: number;
  readonly reconnectTimeout: number;
  readonly maxPayload: number;
  /** Limits on unauthenticated connections. */
  readonly preAuth?: PreAuthLimits;
  readonly clock: Clock;
  /** Called when another instance has opened a session to make calls. */
  readonly onCaller: (caller: Attachment) => void;
  /** Called when a client was refused before gRPC. */
  readonly onRefused: (client: string, why: string) => void;
}

/** The server for calls from other instances of the app: only `flame.v1.Instances`, over mutual TLS. It owns their sessions. */
export class InstanceServer {
  readonly #server: Server;
  readonly #callers: AttachService;
  readonly #listener: Listener;

  private constructor(server: Server, callers: AttachService, listener: Listener) {
    this.#server = server;
    this.#callers = callers;
    this.#listener = listener;
  }

  /** @throws {FlameError} FLAME_CONFIG when it cannot listen on the port. */
  static async open(options: InstanceServerOptions): Promise<InstanceServer> {
    const { about, identity, host, port, reconnectTimeout, maxPayload, clock, onCaller, onRefused } = options;
    const server = makeGrpcServer(serverOptions);
    const unauthenticated = new UnauthenticatedConnections(options.preAuth ?? {}, clock);
    const callers = new AttachService(
      {
        admit(_name, _token, describe, attach) {
          const hello = describe();
          const { protocol } = hello.manifest;
          if (protocol !== about.manifest.protocol)
            throw new AttachRejected(
              'mismatch',
              `instance ${about.runner} speaks protocol ${about.manifest.protocol}, instance ${hello.runner} ${protocol}`,
            );
          const link = attach();
          onCaller({ link, hello });
          return link;
        },
      },
      {
        clock,
        reconnectTimeout,
        maxPayload,
        newKey: () => randomBytes(32),
        scope: new AsyncResource('FLAMEINSTANCES'),
        path: instancesPath,
        peer: 'instance',
        about,
        onAuthenticated: (stream) => unauthenticated.authenticated(stream),
      },
    );
    callers.addTo(server);
    const check = { ca: identity.ca, admits: isInstance.bind(undefined, identity), onRefused };
    try {
      return new InstanceServer(
        server,
        callers,
        await Listener.open(server, { host, port }, { tls: { key: identity.key, cert: identity.cert }, unauthenticated, check }),
      );
    } catch (error) {
      const where = `${host ?? 'all interfaces'}, port ${port}`;
      throw new FlameError('FLAME_CONFIG', `this instance cannot listen for other instances on ${where}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  get port(): number {
    return this.#listener.port;
  }

  /**
   * Closes all sessions and stops listening. It waits for no calls, because `Callers` has drained before. Broken connections can no longer
   * resume.
   */
  async close(reason: string): Promise<void> {
    await this.#callers.close(reason, goodbyeTimeout);
    await this.#listener.close();
    this.#server.forceShutdown();
  }
}
