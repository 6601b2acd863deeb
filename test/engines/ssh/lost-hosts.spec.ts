import { expect, it } from 'vitest';
import { isAlive, parentOf, until } from '../../support/process-table.js';
import { SshApp } from './ssh-app.js';

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
  const { pid } = (await app.ask('stay', 0)).value!;
  const supervisor = parentOf(pid);
  void app.ask('stay', 60_000).catch(() => {});
  app.process.kill('SIGKILL');
  await app.exited;
  await until(() => !isAlive(pid) && !isAlive(supervisor));
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
