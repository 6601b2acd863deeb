import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { DnsServer } from '../support/dns-server.js';
import { RegionApp } from '../support/region-app.js';
import { ownHost } from '../support/regions.js';

const port = String(randomInt(20_000, 30_000));

function instance(region: string, host: string, dns: DnsServer, discovery: string): RegionApp {
  return new RegionApp({
    MY_REGION: region,
    PRIMARY_REGION: 'syd',
    FLAME_RPC_SECRET: 'the secret of all instances in these tests',
    HOST: host,
    PORT: port,
    DISCOVERY: discovery,
    DNS: dns.address,
  });
}

it('finds instances through Fly.io’s DNS records, by region, over IPv6 and IPv4, also later ones', async () => {
  const [second, third] = [ownHost(), ownHost()];
  const first = [
    `txt-record=regions.shop.internal,"hkg,syd"`,
    `host-record=hkg.shop.internal,${second}`,
    `host-record=syd.shop.internal,::1`,
  ];
  const dns = await DnsServer.start(first);
  const syd = instance('syd', '::1', dns, 'fly shop');
  const hkg = instance('hkg', second, dns, 'fly shop');
  await Promise.all([syd, hkg].map((app) => app.sees(['hkg', 'syd'])));
  expect(await hkg.ask<object[]>('rpc', 'instances', ['syd'])).toMatchObject([{ region: 'syd', address: `[::1]:${port}` }]);
  expect(await hkg.ask('notes', 'write', ['a'])).toMatchObject({ region: 'syd', pid: syd.pid });

  const ams = instance('ams', third, dns, 'fly shop');
  await dns.answer([`txt-record=regions.shop.internal,"ams,hkg,syd"`, ...first.slice(1), `host-record=ams.shop.internal,${third}`]);
  await Promise.all([syd, hkg, ams].map((app) => app.sees(['ams', 'hkg', 'syd'])));

  // Without DNS those that are known stay.
  await dns.stop();
  await hkg.line(/the discovery of instances failed, so the known instances are kept/);
  expect(await ams.ask('notes', 'write', ['b'])).toMatchObject({ region: 'syd', pid: syd.pid });
});

it('finds the instances behind one name, as a headless service of Kubernetes has it, and forgets those that are gone', async () => {
  const hosts = [ownHost(), ownHost()];
  const name = 'app.shop.svc.cluster.test';
  const dns = await DnsServer.start(hosts.map((host) => `host-record=${name},${host}`));
  const syd = instance('syd', hosts[0]!, dns, `dns ${name}`);
  const hkg = instance('hkg', hosts[1]!, dns, `dns ${name}`);
  await Promise.all([syd, hkg].map((app) => app.sees(['hkg', 'syd'])));
  expect(await hkg.ask('notes', 'write', ['a'])).toMatchObject({ pid: syd.pid });
  await dns.answer([`host-record=${name},${hosts[1]}`]);
  syd.process.kill('SIGKILL');
  await hkg.sees(['hkg']);
  await expect(hkg.ask('notes', 'write', ['a'])).rejects.toMatchObject({ code: 'FLAME_REFUSED', ran: 'no' });
});

it('finds the instances that SRV records name, each with its port', async () => {
  const hosts = [ownHost(), ownHost()];
  const name = '_rpc._tcp.app.test';
  const dns = await DnsServer.start(
    hosts.flatMap((host, index) => [`host-record=${index}.app.test,${host}`, `srv-host=${name},${index}.app.test,${port}`]),
  );
  const syd = instance('syd', hosts[0]!, dns, `srv ${name}`);
  const hkg = instance('hkg', hosts[1]!, dns, `srv ${name}`);
  await Promise.all([syd, hkg].map((app) => app.sees(['hkg', 'syd'])));
  expect(await hkg.ask('notes', 'write', ['a'])).toMatchObject({ pid: syd.pid });
});
