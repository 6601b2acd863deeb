import { join } from 'node:path';
import { credentials, loadPackageDefinition, type ChannelCredentials, type Client, type ClientDuplexStream } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { generate } from 'selfsigned';
import { expect, it, onTestFinished } from 'vitest';
import { identityFromSecrets } from '../../libs/flame/src/transport/grpc/instance-identity.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { RegionApp } from '../support/region-app.js';
import { ownHost } from '../support/regions.js';

const secret = 'the secret of all instances in these tests';
const port = '7171';

interface Written {
  readonly by: string;
  readonly region: string;
  readonly pid: number;
}

/** One instance more, at a host of its own, that knows `addresses`. */
function instance(region: string, host: string, addresses: readonly string[], more: Record<string, string> = {}): RegionApp {
  return new RegionApp({
    MY_REGION: region,
    PRIMARY_REGION: 'syd',
    FLAME_RPC_SECRET: secret,
    HOST: host,
    PORT: port,
    ADDRESSES: addresses.join(','),
    ...more,
  });
}

/** Three instances in two regions, two of them in the primary one, that see each other. */
async function three(more: Record<string, string>[] = []): Promise<{ apps: RegionApp[]; hosts: string[] }> {
  const hosts = [ownHost(), ownHost(), ownHost()];
  const addresses = hosts.map((host) => `${host}:${port}`);
  const apps = ['syd', 'syd', 'hkg'].map((region, index) => instance(region, hosts[index]!, addresses, more[index]));
  await Promise.all(apps.map((app) => app.sees(['syd', 'syd', 'hkg'])));
  return { apps, hosts };
}

it('Calls go to any instance of their region, not to one that is killed, and back when it returns', async () => {
  const { apps, hosts } = await three([{ FLY_MACHINE_ID: 'one' }, { FLY_MACHINE_ID: 'two' }]);
  const [one, two, far] = apps as [RegionApp, RegionApp, RegionApp];
  const pids = new Set<number>();
  for (let i = 0; i < 40; i++) pids.add((await far.ask<Written>('notes', 'write', [`note ${i}`])).pid);
  expect(pids).toEqual(new Set([one.pid, two.pid]));
  expect((await one.ask<Written>('notes', 'write', ['here'])).pid).toBe(one.pid);

  const stays = Array.from({ length: 10 }, (_, index) => `stay ${index}`);
  const running = Promise.allSettled(stays.map((text) => far.ask('notes', 'stay', [3_000, text])));
  // They are under way once a later call has come back from each.
  for (const id of ['one', 'two']) while ((await far.ask<Written>('notes', 'write', ['x'])).by !== id);
  one.process.kill('SIGKILL');
  const killed = performance.now();
  await far.sees(['syd', 'hkg']);
  const dropped = performance.now() - killed;
  for (let i = 0; i < 20; i++) expect((await far.ask<Written>('notes', 'write', ['y'])).pid).toBe(two.pid);
  for (const [index, outcome] of (await running).entries()) {
    // What ran on the one that was killed is not run by the other.
    const [ranOnOne, ranOnTwo] = [one.wrote(stays[index]!), two.wrote(stays[index]!)];
    if (outcome.status === 'fulfilled') expect([outcome.value, ranOnOne, ranOnTwo]).toEqual(['two', 0, 1]);
    else {
      expect([ranOnOne, ranOnTwo]).toEqual([1, 0]);
      expect(outcome.reason).toMatchObject({
        code: 'FLAME_LOST',
        ran: 'maybe',
        message: expect.stringContaining('was lost with instance one (region syd)'),
      });
    }
  }
  console.log(`a killed instance was out of the table after ${Math.round(dropped)} ms`);
  expect(dropped).toBeLessThan(10_000);

  const again = instance(
    'syd',
    hosts[0]!,
    hosts.map((host) => `${host}:${port}`),
  );
  await far.sees(['syd', 'syd', 'hkg']);
  while ((await far.ask<Written>('notes', 'write', ['z'])).pid !== again.pid);
});

it('An instance that gets SIGTERM finishes its calls, and later calls succeed elsewhere', async () => {
  const { apps } = await three([{ FLY_MACHINE_ID: 'one' }, { FLY_MACHINE_ID: 'two' }]);
  const [one, two, far] = apps as [RegionApp, RegionApp, RegionApp];
  const running = Array.from({ length: 10 }, () => far.ask<string>('notes', 'stay', [2_000]));
  for (const id of ['one', 'two']) while ((await far.ask<Written>('notes', 'write', ['x'])).by !== id);
  one.process.kill('SIGTERM');
  let over = false;
  void one.exited.then(() => (over = true));
  let calls = 0;
  for (; !over; calls++) await far.ask<Written>('notes', 'write', [`meanwhile ${calls}`]);
  expect(new Set(await Promise.all(running))).toEqual(new Set(['one', 'two']));
  expect((await one.exited).signal).toBe('SIGTERM');
  expect(calls).toBeGreaterThan(10);
  // Those that `one` sent back unstarted went to `two`; none ran twice.
  for (let call = 0; call < calls; call++) expect(one.wrote(`meanwhile ${call}`) + two.wrote(`meanwhile ${call}`)).toBe(1);
});

it('Instances that close at the same moment leave nothing that keeps their processes alive', async () => {
  const { apps } = await three();
  for (const { process } of apps) process.stdin!.end();
  for (const { exited } of apps) expect(await exited).toEqual({ code: 0, signal: null });
});

it('A runner of an instance’s pool calls other instances itself, with that instance’s options, and no instance lists it', async () => {
  const { apps } = await three([{ FLY_MACHINE_ID: 'one' }, { FLY_MACHINE_ID: 'two' }, { FLY_MACHINE_ID: 'far' }]);
  const [one, two, far] = apps as [RegionApp, RegionApp, RegionApp];
  const { runner, sees, note } = await far.ask<{ runner: number; sees: string[]; note: Written }>('notes', 'writeFromRunner', ['a note']);
  expect(apps.map(({ pid }) => pid)).not.toContain(runner);
  expect([one.pid, two.pid]).toContain(note.pid);
  expect(one.wrote('a note') + two.wrote('a note')).toBe(1);
  // It has its instance's name, and so takes that for itself.
  expect(sees.toSorted()).toEqual(['itself', 'one', 'two']);
  for (const app of apps) expect(await app.ask<unknown[]>('rpc', 'instances')).toHaveLength(3);
});

it('In a half-finished deploy a renamed handler is found on new instances, kept for old ones, and reported missing with both versions', async () => {
  const version = (number: string, id: string): Record<string, string> => ({ FLAME_APP_VERSION: number, FLY_MACHINE_ID: id });
  const { apps, hosts } = await three([version('1.0', 'old'), version('2.0', 'new'), version('2.0', 'far')]);
  const [old, added, far] = apps as [RegionApp, RegionApp, RegionApp];
  // New ones call the new method, which one of the two has; old and new ones go on calling the old one.
  for (let i = 0; i < 20; i++) expect(await far.ask('accounts', 'openAccount', [{ name: 'ann' }])).toBe('ann in syd');
  for (let i = 0; i < 20; i++) expect(await far.ask('accounts', 'open', ['bob'])).toBe('bob in syd');
  added.process.kill('SIGTERM');
  await far.sees(['syd', 'hkg']);
  await expect(far.ask('accounts', 'openAccount', [{ name: 'ann' }])).rejects.toMatchObject({
    code: 'FLAME_DENIED',
    ran: 'no',
    message:
      `AccountsService.openAccount was not run: instance old (region syd, ${hosts[0]}:${port}, version 1.0) does not have it; ` +
      `this instance, far, has version 2.0. During a deploy, keep the old method beside the new one until all instances have the new one (docs/regions/deploys.md).`,
  });
  expect(await old.ask('accounts', 'open', ['cid'])).toBe('cid in syd');
});

it('A cut network: short cuts lose nothing, long cuts lose running calls, and calls continue when the network is back', async () => {
  const host = ownHost();
  const syd = instance('syd', host, []);
  await syd.line(/listens for other instances/);
  const proxy = await CuttingProxy.before(`${host}:${port}`);
  onTestFinished(() => proxy.close());
  const far = instance('hkg', ownHost(), [proxy.address], { RECONNECT: '2000' });
  await far.sees(['syd', 'hkg']);

  const survives = far.ask('notes', 'stay', [1_500]);
  await far.ask('notes', 'echo', ['it runs']);
  proxy.drop();
  expect(await survives).toMatch(/^syd-/);

  const lost = far.ask('notes', 'stay', [60_000]);
  await far.ask('notes', 'echo', ['it runs']);
  proxy.swallow();
  const silent = performance.now();
  await far.sees(['hkg']);
  const noticed = performance.now() - silent;
  await expect(far.ask('notes', 'write', ['x'])).rejects.toMatchObject({
    code: 'FLAME_REFUSED',
    ran: 'no',
    message: expect.stringContaining('no instance of region "syd" answers. Regions known: hkg (1).'),
  });
  proxy.cut();
  await expect(lost).rejects.toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
  proxy.mend();
  await far.sees(['syd', 'hkg']);
  expect(await far.ask('notes', 'echo', ['again'])).toBe('again');
  console.log(`an instance that fell silent got no calls after ${Math.round(noticed)} ms`);
  expect(noticed).toBeLessThan(15_000);
});

it('A client without the secret gets nothing: no answer, no list of handlers, no health', async () => {
  const host = ownHost();
  const syd = instance('syd', host, []);
  await syd.line(/listens for other instances/);
  const { key, cert, ca } = await identityFromSecrets([secret]);
  const wrong = await identityFromSecrets(['another secret, which is just as long as it']);
  const authority = Buffer.from([ca].flat().join('\n'));
  const any = { rejectUnauthorized: false };
  expect(await attach(host, credentials.createInsecure())).toMatchObject({ error: 'UNAVAILABLE', packets: [] });
  expect(await attach(host, credentials.createSsl(null, null, null, any))).toMatchObject({ error: 'UNAVAILABLE', packets: [] });
  expect(await attach(host, credentials.createSsl(authority, Buffer.from(wrong.key), Buffer.from(wrong.cert)))).toMatchObject({
    error: 'UNAVAILABLE',
    packets: [],
  });
  await syd.line(/refused a connection from 127\..*, which is not an instance of this app/);
  // The same client is answered with a certificate that the secret has signed: it was not refused for anything else.
  const admitted = await attach(host, credentials.createSsl(authority, Buffer.from(key), Buffer.from(cert)));
  expect(admitted.packets[0]).toMatchObject({
    welcome: {
      instance: expect.stringMatching(/^syd-/),
      about: { region: 'syd', handlers: expect.arrayContaining(['NotesService.write']) },
    },
  });
  expect(syd.lines.join('\n')).not.toContain(secret);
});

it('Instances with certificates of an authority identify each other by the name in them', async () => {
  const signed = await certificates();
  const hosts = [ownHost(), ownHost(), ownHost()];
  const addresses = hosts.map((host) => `${host}:${port}`);
  const mutual = { FLAME_RPC_SECRET: '' };
  const syd = instance('syd', hosts[0]!, addresses, { ...mutual, TLS: await signed('shop') });
  const far = instance('hkg', hosts[1]!, addresses, { ...mutual, TLS: await signed('shop') });
  await Promise.all([syd, far].map((app) => app.sees(['syd', 'hkg'])));
  expect((await far.ask<Written>('notes', 'write', ['a'])).pid).toBe(syd.pid);
  // Of the same authority, but another service.
  const other = instance('ams', hosts[2]!, addresses, { ...mutual, TLS: await signed('billing') });
  await syd.line(/its certificate was issued for another name|their secrets or certificates differ/);
  await expect(other.ask('notes', 'write', ['a'])).rejects.toMatchObject({ code: 'FLAME_REFUSED', ran: 'no' });
  expect(await syd.ask<unknown[]>('rpc', 'instances')).toHaveLength(2);
});

it('prints how long calls take in the same region and across', async () => {
  const hosts = [ownHost(), ownHost()];
  const addresses = hosts.map((host) => `${host}:${port}`);
  const syd = instance('syd', hosts[0]!, addresses);
  const far = instance('hkg', hosts[1]!, addresses);
  await Promise.all([syd, far].map((app) => app.sees(['syd', 'hkg'])));
  for (const [where, app] of [
    ['in the same region, in process', syd],
    ['across regions, on loopback', far],
  ] as const) {
    await app.ask('notes', 'echo', ['warm'], 500);
    const { median, p99 } = await app.ask<{ median: number; p99: number }>('notes', 'echo', ['a note'], 2_000);
    console.log(`a call ${where}: median ${(median * 1_000).toFixed(0)} µs, 99th percentile ${(p99 * 1_000).toFixed(0)} µs`);
    expect(median).toBeGreaterThan(0);
  }
});

/** Attaches with a client made of the contract alone, and tells what comes: the status, and every packet. */
function attach(host: string, trust: ChannelCredentials): Promise<{ error: string | undefined; packets: unknown[] }> {
  const folder = join(import.meta.dirname, '../../proto');
  const definition = loadPackageDefinition(loadSync('flame/v1/instances.proto', { includeDirs: [folder], keepCase: true, longs: Number }));
  const { Instances } = (definition as unknown as { flame: { v1: { Instances: new (...args: unknown[]) => Client } } }).flame.v1;
  const client = new Instances(`${host}:${port}`, trust, { 'grpc.ssl_target_name_override': 'nestjs-flame', 'grpc.enable_retries': 0 });
  onTestFinished(() => client.close());
  const stream = (client as unknown as { Attach(): ClientDuplexStream<object, unknown> }).Attach();
  const packets: unknown[] = [];
  return new Promise((resolve) => {
    stream.on('data', (packet) => {
      packets.push(packet);
      stream.cancel();
    });
    stream.on('error', ({ code }: { code?: number }) => resolve({ error: code === 14 ? 'UNAVAILABLE' : `${code}`, packets }));
    stream.write({ hello: { runner: 'somebody', about: { version: '1', protocol: 1, handlers: [] } } });
  });
}

/** Signs certificates with one authority; gives the file of each. */
async function certificates(): Promise<(name: string) => Promise<string>> {
  const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const folder = mkdtempSync(join(tmpdir(), 'flame-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
  const elliptic = { keyType: 'ec', algorithm: 'sha256' } as const;
  const authority = await generate([{ name: 'commonName', value: 'the company' }], {
    ...elliptic,
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  });
  let made = 0;
  return async (name) => {
    const leaf = await generate([{ name: 'commonName', value: name }], {
      ...elliptic,
      ca: { key: authority.private, cert: authority.cert },
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
    });
    const file = join(folder, `${++made}.json`);
    writeFileSync(file, JSON.stringify({ key: leaf.private, cert: leaf.cert, ca: authority.cert, serverName: name }));
    return file;
  };
}
