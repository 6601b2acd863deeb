import { describe, expect, it, onTestFinished } from 'vitest';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { HealthStatus } from '../transport/grpc/health-status.js';
import { MetricsClient } from './metrics-client.js';
import { OpsServer } from './ops-server.js';

describe('flame.v1.Metrics', () => {
  it("sends the pool's counters to at most a hundred clients at once", async () => {
    const { pool } = new PoolRig({});
    const server = new OpsServer({ host: '127.0.0.1', port: 0 }, new HealthStatus(), () => [pool.metrics()]);
    const client = await MetricsClient.open({ address: `127.0.0.1:${await server.open()}` });
    onTestFinished(() => {
      client.close();
      server.close();
    });
    const [got] = await client.get([]);
    expect({ ...got, at: 0 }).toEqual({ ...pool.metrics(), at: 0 });

    const watches = Array.from({ length: 100 }, () => client.watch(['p'], 60_000));
    for (const first of await Promise.all(watches.map((watch) => watch.next()))) expect(first.value).toMatchObject([{ pool: 'p' }]);
    await expect(client.watch(['p'], 60_000).next()).rejects.toMatchObject({ code: 8, details: 'at most 100 clients can watch' });
    await watches[0]!.return(undefined);
    await expect.poll(() => client.watch(['p'], 60_000).next(), { timeout: 20_000 }).toMatchObject({ value: [{ pool: 'p' }] });
    await expect(client.watch(['none'], 60_000).next()).rejects.toMatchObject({ code: 5, details: 'this app has no pool "none"' });
  });
});
