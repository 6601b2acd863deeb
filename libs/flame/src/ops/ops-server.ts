import type { Server, ServerInterceptor } from '@grpc/grpc-js';
import { FlameError } from '../core/errors/flame-error.js';
import type { HealthStatus } from '../transport/grpc/health-status.js';
import type { MetricsSource } from './metrics-service.js';
import { sameSecret } from '../transport/attach/same-secret.js';
import type { TlsIdentity } from '../transport/grpc/tls-identity.js';

export interface OpsServerOptions {
  readonly host: string;
  /** The port; 0 takes any free port. */
  readonly port: number;
  /** The token that clients must send for all requests except health checks. */
  readonly token?: string;
  readonly tls?: TlsIdentity;
  /** Whether the server offers reflection. */
  readonly reflection?: boolean;
}

/** The maximum size of a request in bytes, after decompression, and the maximum number of concurrent requests on a connection. */
const limits = { 'grpc.max_receive_message_length': 65_536, 'grpc.max_concurrent_streams': 200 } as const;

/**
 * The gRPC server for operators. Its port is separate from the port at which runners attach. The server offers `grpc.health.v1.Health`,
 * and `flame.v1.Metrics` if there is a source. Health checks need no token, because the probes of platforms cannot send a token.
 */
export class OpsServer {
  readonly #options: OpsServerOptions;
  readonly #health: HealthStatus;
  readonly #source: MetricsSource | undefined;
  #server: Server | undefined;

  constructor(options: OpsServerOptions, health: HealthStatus, source?: MetricsSource) {
    this.#options = options;
    this.#health = health;
    this.#source = source;
  }

  /** Listens; resolves to the port. @throws {FlameError} FLAME_CONFIG when it cannot listen. */
  async open(): Promise<number> {
    const { host, port, tls, token, reflection } = this.#options;
    const [{ ServerCredentials }, { makeGrpcServer }] = await Promise.all([
      import('@grpc/grpc-js'),
      import('../transport/grpc/grpc-server.js'),
    ]);
    const server = makeGrpcServer({ ...limits, 'grpc.enable_channelz': 0, interceptors: token === undefined ? [] : [await guard(token)] });
    await this.#health.addTo(server);
    if (this.#source) {
      const [{ metricsService }, { metricsImplementation }] = await Promise.all([
        import('./metrics-messages.js'),
        import('./metrics-service.js'),
      ]);
      server.addService(await metricsService(), metricsImplementation(this.#source));
    }
    if (reflection) await (await import('./reflection.js')).addReflection(server);
    const secure = tls && ServerCredentials.createSsl(null, [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) }]);
    this.#server = server;
    const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    return new Promise((resolve, reject) =>
      server.bindAsync(where, secure ?? ServerCredentials.createInsecure(), (error, bound) => {
        if (!error) return resolve(bound);
        reject(new FlameError('FLAME_CONFIG', `cannot listen for health and metrics on ${where}: ${error.message}`, { cause: error }));
      }),
    );
  }

  /** Closes the server and its connections; idempotent. */
  close(): void {
    this.#server?.forceShutdown();
  }
}

/** Rejects requests without the token, except health checks. */
async function guard(token: string): Promise<ServerInterceptor> {
  const { ServerInterceptingCall, status } = await import('@grpc/grpc-js');
  const wanted = Buffer.from(`Bearer ${token}`);
  return ({ path }, call) => {
    if (path.startsWith('/grpc.health.v1.Health/')) return new ServerInterceptingCall(call);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, goOn) => {
            const [given = ''] = metadata.get('authorization');
            if (sameSecret(Buffer.from(given), wanted)) return goOn(metadata);
            call.sendStatus({ code: status.UNAUTHENTICATED, details: 'requires the metadata "authorization: Bearer <ops.token>"' });
          },
        }),
    });
  };
}
