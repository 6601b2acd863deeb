import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeTlsIdentity } from '../../libs/flame/src/transport/grpc/tls-identity.js';
import { freePort } from '../support/free-port.js';
import { askOps } from '../support/ops-client.js';
import { SpawnedApp } from '../support/spawned-app.js';

interface Pool {
  readonly pool: string;
  readonly calls: { readonly of: string; readonly count: string }[];
  readonly runners: { readonly of: string; readonly count: string }[];
  readonly wait: { readonly bounds: number[]; readonly counts: string[] };
  readonly paid: number;
  readonly used: number;
  readonly per_runner: { readonly runner: string; readonly process_stats?: { readonly memory: string } }[];
}

async function start(ops: object): Promise<{ app: SpawnedApp; url: string; address: string }> {
  const app = new SpawnedApp('ops/main.js', { OPTIONS: JSON.stringify({ ops: { port: 0, ...ops } }) });
  const url = await app.url();
  const [, port] = await app.line(/health and metrics on \S+:(\d+)/);
  return { app, url, address: `127.0.0.1:${port}` };
}

const post = async (url: string): Promise<number> => (await fetch(url, { method: 'POST' })).status;

describe('the ops port, queried with Debian’s gRPC', () => {
  it('answers reflection, health checks and metrics', { timeout: 120_000 }, async () => {
    const { app, url, address } = await start({ reflection: true });
    expect(await askOps(address, ['services'])).toEqual([['flame.v1.Metrics']]);
    expect(await askOps(address, ['list'])).toEqual([{ '': 'SERVING', 'flame.pool.work': 'SERVING', 'flame.pool.spare': 'SERVING' }]);
    expect(await askOps(address, ['check', 'flame.pool.none'])).toMatchObject([{ code: 'NOT_FOUND' }]);

    await post(`${url}/call/echo/hello`);
    await post(`${url}/call/fail/0`);
    const [{ pools }] = (await askOps(address, ['get'])) as [{ pools: Pool[] }];
    expect(pools.map(({ pool }) => pool)).toEqual(['work', 'spare']);
    const [work] = pools as [Pool];
    for (const calls of [
      { of: 'returned', count: '1' },
      { of: 'threw', count: '1' },
      { of: 'lost', count: '0' },
    ])
      expect(work.calls).toContainEqual(calls);
    expect(work.runners).toContainEqual({ of: 'ready', count: '1' });
    expect(work.wait.counts).toHaveLength(work.wait.bounds.length + 1);
    expect(work.paid).toBeGreaterThan(work.used);
    expect(Number(work.per_runner[0]!.process_stats!.memory)).toBeGreaterThan(10_000_000);
    expect(await askOps(address, ['get', 'nothing'])).toMatchObject([{ code: 'NOT_FOUND', details: 'this app has no pool "nothing"' }]);
    const followed = (await askOps(address, ['follow', '3', 'spare'])) as { pools: Pool[] }[];
    expect(followed.map(({ pools }) => pools.map(({ pool }) => pool))).toEqual([['spare'], ['spare'], ['spare']]);
    expect(await askOps(address, ['follow', '1', 'nothing'])).toMatchObject([
      { code: 'NOT_FOUND', details: 'this app has no pool "nothing"' },
    ]);

    // A watcher sees the pool drain while its last call still runs.
    const sleeping = post(`${url}/call/sleep/60000`);
    const seen: unknown[] = [];
    let draining: Promise<number> | undefined;
    const watching = askOps(address, ['watch', 'flame.pool.work', '2'], (status) => {
      seen.push(status);
      if (seen.length === 1) draining = post(`${url}/drain`);
    });
    expect(await watching).toEqual(['SERVING', 'NOT_SERVING']);
    expect(await askOps(address, ['list'])).toMatchObject([
      { '': 'SERVING', 'flame.pool.work': 'NOT_SERVING', 'flame.pool.spare': 'SERVING' },
    ]);
    expect(await sleeping).toBe(500);
    expect(await draining).toBe(201);
    app.process.kill('SIGTERM');
    expect(await app.exited).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('does not serve before its min runners are up', { timeout: 60_000 }, async () => {
    const app = new SpawnedApp('ops/main.js', { OPTIONS: JSON.stringify({ ops: { port: 0 } }), FAIL_BOOT_AFTER: '20000' });
    const [, port] = await app.line(/health and metrics on \S+:(\d+)/);
    expect(await askOps(`127.0.0.1:${port}`, ['list'])).toEqual([
      { '': 'NOT_SERVING', 'flame.pool.work': 'NOT_SERVING', 'flame.pool.spare': 'NOT_SERVING' },
    ]);
  });

  it('gives metrics beyond this host only to clients with the token, over TLS', { timeout: 120_000 }, async () => {
    const tls = await makeTlsIdentity();
    const folder = mkdtempSync(join(tmpdir(), 'flame-ops-'));
    onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, tls.cert);
    const token = 'a-token-of-some-length';
    const { address } = await start({ host: '0.0.0.0', token, tls, reflection: true });
    expect(await askOps(address, ['--ca', ca, 'services'])).toMatchObject([{ code: 'UNAUTHENTICATED' }]);
    expect(await askOps(address, ['--ca', ca, '--token', `${token}!`, 'get'])).toMatchObject([{ code: 'UNAUTHENTICATED' }]);
    expect(await askOps(address, ['--ca', ca, '--token', token, 'get', 'work'])).toMatchObject([{ pools: [{ pool: 'work' }] }]);
    expect(await askOps(address, ['--token', token, 'get'])).toMatchObject([{ code: 'UNAVAILABLE' }]);
  });
});

describe('a runner’s health port', () => {
  it('is serving until the runner stops, and not while it drains', { timeout: 120_000 }, async () => {
    const port = await freePort();
    const { url } = await start({ runnerPort: port });
    const runner = `127.0.0.1:${port}`;
    // The port opens while the runner attaches.
    await expect.poll(() => askOps(runner, ['list']), { timeout: 30_000 }).toEqual([{ '': 'SERVING' }]);
    const sleeping = post(`${url}/call/sleep/60000`);
    const seen: unknown[] = [];
    let draining: Promise<number> | undefined;
    const watching = askOps(runner, ['watch', '', '2'], (status) => {
      seen.push(status);
      if (seen.length === 1) draining = post(`${url}/drain`);
    });
    expect(await watching).toEqual(['SERVING', 'NOT_SERVING']);
    await sleeping;
    expect(await draining).toBe(201);
  });
});
