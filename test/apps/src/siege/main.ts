import 'reflect-metadata';
import { readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, FlameParent, getPoolToken } from 'nestjs-flame';
import type { FlamePool } from 'nestjs-flame';
import { Dice } from './dice.js';
import { FarHost } from './far-host.js';
import { Ledger } from './ledger.js';
import { Load } from './load.js';
import { marksFile, readOrders, reconnectTimeout } from './orders.js';
import { otherProcesses } from './other-processes.js';
import { SiegeWork } from './siege-work.js';
import { Troubles } from './troubles.js';
import { vitalSigns } from './vital-signs.js';
import { WatchedMachines } from './watched-machines.js';

// A siege: load and troubles on real processes, and at the end a report of what became of every call, in `report.json`. With FLAME_PARENT it is a runner of it.
const orders = readOrders();
const isRunner = FlameParent.get() !== null;
const hosts: FarHost[] = [];
if (!isRunner) for (let number = 1; number <= orders.farHosts; number++) hosts.push(await FarHost.make(number));
if (hosts.length > 0) {
  // Runners are started as their parent was; those of far hosts in the namespace of one.
  process.env['SIEGE_NODE'] = process.execPath;
  process.execPath = join(process.cwd(), 'test/siege/node-on-host.sh');
}
const machines = new WatchedMachines(orders.folder, hosts);

@Module({
  imports: [
    FlameModule.forRoot(
      [
        {
          name: 'siege',
          min: 0,
          max: 4,
          maxConcurrency: 8,
          timeout: 20_000,
          bootTimeout: 20_000,
          queueTimeout: 60_000,
          shutdownTimeout: 3_000,
          idleShutdownAfter: 5_000,
        },
      ],
      { backend: machines, reconnectTimeout },
    ),
  ],
  providers: [SiegeWork],
})
class SiegeModule {}

const app = await NestFactory.createApplicationContext(SiegeModule, { logger: ['error'] });

if (!isRunner) {
  const dice = new Dice(orders.seed);
  const ledger = new Ledger();
  const pool = app.get<FlamePool>(getPoolToken('siege'));
  const load = new Load(app.get(SiegeWork), ledger, dice);
  const troubles = new Troubles({ dice, pool, work: app.get(SiegeWork), ledger, alive: machines.alive, hosts });
  const began = Date.now();
  const end = began + orders.minutes * 60_000;
  const samples = [vitalSigns(began, 0)];
  const serving = load.run(orders.callers, orders.pause);

  const sampling = setInterval(() => {
    const sample = vitalSigns(began, machines.alive.size);
    samples.push(sample);
    console.log(JSON.stringify({ ...sample, calls: ledger.started }));
  }, 10_000);
  while (Date.now() < end || ledger.returned < orders.calls || !troubles.ofEveryKind) {
    troubles.make();
    await sleep(dice.below(2 * orders.troubleEvery));
  }
  await troubles.over();
  load.stop();
  // Each call has its own clocks: none takes longer than to wait, to boot and to run.
  await Promise.race([serving, sleep(120_000, undefined, { ref: false })]);
  clearInterval(sampling);
  samples.push(vitalSigns(began, machines.alive.size));
  const closed = await Promise.race([app.close().then(() => true), sleep(30_000, false, { ref: false })]);
  await sleep(200);
  const networks: string[] = [];
  for (const host of hosts) networks.push(...(await host.remove()));
  const report = {
    orders,
    calls: await ledger.report(marksFile(orders)),
    troubles: troubles.counts,
    machineEnds: machines.ends,
    machines: machines.all.length,
    ways: machines.ways,
    leftovers: [
      ...machines.leftovers(),
      ...networks,
      ...(hosts.length > 0 ? otherProcesses() : []),
      // Compiled code is kept on purpose, for the boots of the next parent.
      ...readdirSync(tmpdir())
        .filter((name) => !name.startsWith('nestjs-flame-cache-'))
        .map((name) => join(tmpdir(), name)),
      ...(closed ? [] : ['the app does not close']),
    ],
    samples,
    atTheEnd: vitalSigns(began, machines.alive.size),
  };
  writeFileSync(join(orders.folder, 'report.json'), JSON.stringify(report, null, 2));
  if (!closed) process.exit(1);
}
