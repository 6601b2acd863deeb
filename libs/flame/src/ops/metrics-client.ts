import { readFileSync } from 'node:fs';
import type { Client, ClientReadableStream, Metadata, ServiceError } from '@grpc/grpc-js';
import type { PoolMetrics } from '../core/metrics/pool-metrics.js';
import { fromMessage, metricsService } from './metrics-messages.js';
import type { SnapshotMessage } from './metrics-messages.js';

export interface MetricsClientOptions {
  /** `host:port` of the ops server. */
  readonly address: string;
  readonly token?: string;
  /** A file with the server's certificate, or with the certificate that signed it. Without it, the connection is plaintext. */
  readonly ca?: string;
}

/** Reads a parent's `flame.v1.Metrics`. It holds a connection, so close it. */
export class MetricsClient {
  readonly #client: Client & Record<string, Function>;
  readonly #metadata: Metadata;

  private constructor(client: Client, metadata: Metadata) {
    this.#client = client as Client & Record<string, Function>;
    this.#metadata = metadata;
  }

  static async open({ address, token, ca }: MetricsClientOptions): Promise<MetricsClient> {
    const { credentials, makeClientConstructor, Metadata: Headers } = await import('@grpc/grpc-js');
    const Constructor = makeClientConstructor(await metricsService(), 'Metrics');
    const { credentials: secure, options } =
      ca === undefined
        ? { credentials: credentials.createInsecure(), options: {} }
        : (await import('../transport/grpc/client-credentials.js')).pinned(readFileSync(ca, 'utf8'));
    const metadata = new Headers();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    return new MetricsClient(new Constructor(address, secure, { ...options, 'grpc.enable_http_proxy': 0 }), metadata);
  }

  /**
   * Yields a snapshot at once and another every `every` milliseconds, until the server ends the stream, the loop ends or `signal` aborts.
   */
  async *watch(pools: readonly string[], every: number, signal?: AbortSignal): AsyncGenerator<PoolMetrics[]> {
    const stream = this.#client['Watch']!({ pools, every }, this.#metadata) as ClientReadableStream<SnapshotMessage>;
    const cancel = (): void => stream.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      for await (const snapshot of stream) yield (snapshot as SnapshotMessage).pools.map(fromMessage);
    } catch (error) {
      if (!signal?.aborted) throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      stream.on('error', () => {});
      stream.cancel();
    }
  }

  /** Reads one snapshot. @throws {ServiceError} of gRPC. */
  async get(pools: readonly string[]): Promise<PoolMetrics[]> {
    const deadline = Date.now() + 10_000;
    const snapshot = await new Promise<SnapshotMessage>((resolve, reject) =>
      this.#client['Get']!({ pools }, this.#metadata, { deadline }, (error: ServiceError | null, answer: SnapshotMessage) =>
        error ? reject(error) : resolve(answer),
      ),
    );
    return snapshot.pools.map(fromMessage);
  }

  close(): void {
    this.#client.close();
  }
}
