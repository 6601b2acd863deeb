import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isAlive, parentOf, until } from '../../support/process-table.js';
import { SshApp } from './ssh-app.js';

it('The parent listens on loopback only, and so do the hosts beside their sshd', async () => {
  const app = await SshApp.start();
  const { pid } = (await app.ask('stay', 0)).value!;
  const loopback = expect.stringMatching(/^0100007F:/);
  expect(listening(app.pid)).toEqual([loopback]);
  const ssh = ':0016';
  expect(listening(pid).filter((address) => !address.endsWith(ssh))).toEqual([loopback]);
  app.process.kill('SIGTERM');
  await app.exited;
});

it('A runner that is cut off for two seconds goes on, and nothing is lost', async () => {
  const app = await SshApp.start();
  const { value } = await app.ask('stay', 0);
  const supervisor = parentOf(value!.pid);
  const call = app.ask('stay', 3_000);
  await app.line(/\[stays\] 3000 ms/);
  await app.hosts.cut(2);
  await app.hosts.cut(3);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await app.hosts.mend(2);
  await app.hosts.mend(3);
  expect(await call).toEqual({ value });
  app.process.kill('SIGTERM');
  await app.exited;
  await until(() => !isAlive(value!.pid) && !isAlive(supervisor));
});

it('A runner whose host was away until the parent gave the connection up resumes its session over a new one', async () => {
  const app = await SshApp.start({ RECONNECT: '60000' });
  const { value } = await app.ask('stay', 0);
  const call = app.ask('stay', 25_000);
  await app.line(/\[stays\] 25000 ms/);
  await app.hosts.cut(2);
  await app.hosts.cut(3);
  await app.line(/ssh: the connection to 10\.99\.0\.2 was lost \(Keepalive timeout\); trying to restore it/);
  await app.hosts.mend(2);
  await app.hosts.mend(3);
  expect(await call).toEqual({ value });
  expect((await app.ask('stay', 0)).value).toEqual(value);
  app.process.kill('SIGTERM');
  await app.exited;
});

/** The local addresses at which something listens in the network of a process, in the kernel's notation. */
function listening(pid: number): string[] {
  return ['tcp', 'tcp6'].flatMap((table) => {
    const rows = readFileSync(`/proc/${pid}/net/${table}`, 'latin1').trim().split('\n').slice(1);
    return rows.map((row) => row.trim().split(/\s+/)).flatMap(([, local, , state]) => (state === '0A' ? [local!] : []));
  });
}
