import { join } from 'node:path';
import { Client, type ClientReadableStream, credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HealthStatus } from '../../libs/flame/src/transport/grpc/health-status.js';
import { GrpcAttachServer } from '../../libs/flame/src/transport/attach/grpc-attach-server.js';

const proto = join(import.meta.dirname, '../../proto/grpc/health/v1/health.proto');

/** The part of a generated client that these tests use. */
interface HealthClient extends Client {
  Check(request: { service: string }, answer: (error: { code: number } | null, response?: { status: string }) => void): void;
  List(request: object, answer: (error: Error | null, response?: { statuses: Record<string, { status: string }> }) => void): void;
  Watch(request: { service: string }): ClientReadableStream<{ status: string }>;
}

describe('the health of a parent', () => {
  let server: GrpcAttachServer;
  let health: HealthStatus;
  let client: HealthClient;

  beforeEach(async () => {
    health = new HealthStatus();
    health.set('', true);
    health.set('flame.pool.early', true);
    server = new GrpcAttachServer({ bind: '127.0.0.1' }, health);
    const { address } = await server.address('host');
    const definition = loadPackageDefinition(loadSync(proto, { enums: String })) as unknown as {
      grpc: { health: { v1: { Health: ServiceClientConstructor } } };
    };
    client = new definition.grpc.health.v1.Health(address, credentials.createInsecure()) as unknown as HealthClient;
  });

  afterEach(async () => {
    client.close();
    await server.close();
  });

  function check(service: string): Promise<string | number> {
    return new Promise((resolve) => client.Check({ service }, (error, response) => resolve(error?.code ?? response!.status)));
  }

  it('is reported overall and per pool', async () => {
    expect(await check('')).toBe('SERVING');
    expect(await check('flame.pool.early')).toBe('SERVING');
    expect(await check('flame.pool.unknown')).toBe(5);
    health.set('flame.pool.early', false);
    health.set('flame.pool.late', true);
    health.set('', false);
    expect(await check('flame.pool.early')).toBe('NOT_SERVING');
    expect(await check('flame.pool.late')).toBe('SERVING');
    expect(await check('')).toBe('NOT_SERVING');
  });

  it('lists all services', async () => {
    health.set('flame.pool.ä', false);
    const statuses = await new Promise((resolve, reject) =>
      client.List({}, (error, response) => (error ? reject(error) : resolve(response!.statuses))),
    );
    expect(statuses).toEqual({
      '': { status: 'SERVING' },
      'flame.pool.early': { status: 'SERVING' },
      'flame.pool.ä': { status: 'NOT_SERVING' },
    });
  });

  it('tells watchers what changes, also of a service that is not known yet', async () => {
    const watch = client.Watch({ service: 'flame.pool.late' });
    const changes = watch[Symbol.asyncIterator]() as AsyncIterator<{ status: string }>;
    const next = async (): Promise<string> => ((await changes.next()).value as { status: string }).status;
    expect(await next()).toBe('SERVICE_UNKNOWN');
    health.set('flame.pool.early', false);
    health.set('flame.pool.late', true);
    health.set('flame.pool.late', true);
    expect(await next()).toBe('SERVING');
    health.close();
    expect(await next()).toBe('NOT_SERVING');
    watch.on('error', () => {});
    watch.cancel();
  });

  it('shares its server with services that are added', async () => {
    const asIs = (bytes: Buffer): Buffer => bytes;
    const method = { path: '/test.v1.Echo/Echo', requestStream: false, responseStream: false };
    const definition = {
      Echo: { ...method, requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
    };
    await server.serve(definition, {
      Echo: (call: { request: Buffer }, answer: (error: null, value: Buffer) => void) => answer(null, call.request),
    });
    const echoed = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(method.path, asIs, asIs, Buffer.from('hello'), (error, value) => (error ? reject(error) : resolve(value!)));
    });
    expect(echoed.toString()).toBe('hello');
  });
});
