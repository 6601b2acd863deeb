import { expect, it } from 'vitest';
import { isAlive, parentOf, processesOf, until } from '../../support/process-table.js';
import { SshApp } from './ssh-app.js';

/** The supervisors and runners of all hosts. */
const left = (app: SshApp): number[] => [
  ...processesOf('nestjs-flame-supervisor'),
  ...processesOf('apps/dist/ssh/main.js').filter((pid) => pid !== app.pid),
];

it('A runner that is cut off for two seconds goes on, and nothing is lost', async () => {
  const app = await SshApp.start();
  const { value } = await app.ask('stay', 0);
  const call = app.ask('stay', 3_000);
  await app.hosts.cut(2);
  await app.hosts.cut(3);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await app.hosts.mend(2);
  await app.hosts.mend(3);
  expect(await call).toEqual({ value });
  app.process.kill('SIGTERM');
  await app.exited;
  await until(() => left(app).length === 0);
});

it('A runner whose host was away until the parent gave the connection up resumes its session over a new one', async () => {
  const app = await SshApp.start({ RECONNECT: '60000' });
  const { value } = await app.ask('stay', 0);
  const call = app.ask('stay', 25_000);
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

it('A host that stays away loses its calls, its runners end there, and the other host goes on', async () => {
  const app = await SshApp.start({ RECONNECT: '2000' });
  const { value } = await app.ask('stay', 0);
  const supervisor = parentOf(value!.pid);
  const call = app.ask('stay', 60_000);
  await app.hosts.cut(2);
  expect((await call).error).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
  const next = await app.ask('stay', 0);
  expect(next.value!.pid).not.toBe(value!.pid);
  await until(() => !isAlive(value!.pid));
  await until(() => !isAlive(supervisor));
});

it('Runners and supervisors end when the parent is killed', async () => {
  const app = await SshApp.start({ RECONNECT: '1000' });
  await app.ask('stay', 0);
  void app.ask('stay', 60_000).catch(() => {});
  app.process.kill('SIGKILL');
  await app.exited;
  await until(() => left(app).length === 0);
});

it('Calls cross a slow wire', async () => {
  const app = await SshApp.start();
  await app.hosts.slow(1, 2, { delay: 40, rate: 20_000_000 });
  const { value } = await app.ask('roundTrip', 1_000_000);
  expect(value!.size).toBe(1_000_000);
  const again = await app.ask('roundTrip', 1_000_000);
  // 16 Mbit at 20 Mbit/s, and 80 ms for each round trip.
  expect(again.value!.time).toBeGreaterThan(800);
});
