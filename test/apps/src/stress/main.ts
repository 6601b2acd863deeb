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
import { marksFile, readOptions, reconnectTimeout } from './stress-options.js';
import { otherProcesses } from './other-processes.js';
import { StressWork } from './stress-work.js';
import { Faults } from './faults.js';
import { processStats } from './process-stats.js';
import { WatchedMachines } from './watched-machines.js';

// A stress test: load and faults on real processes. It writes the outcome of every call to `report.json`. With FLAME_PARENT this is one of its runners.
const options = readOptions();
const isRunner = FlameParent.get() !== null;
const hosts: FarHost[] = [];
if (!isRunner) for (let number = 1; number <= options.farHosts; number++) hosts.push(await FarHost.make(number));
if (hosts.length > 0) {
  // Runners are started as their parent was; those of far hosts in the namespace of one.
  process.env['STRESS_NODE'] = process.execPath;
  process.execPath = join(process.cwd(), 'test/stress/node-on-host.sh');
}
const machines = new WatchedMachines(options.folder, hosts);

@Module({
  imports: [
    FlameModule.forRoot(
      [
        {
          name: 'stress',
          min: 0,
          max: 4,
          maxConcurrency: 8,
          handlerTimeout: 20_000,
          bootTimeout: 20_000,
          queueTimeout: 60_000,
          shutdownTimeout: 3_000,
          idleShutdownAfter: 5_000,
        },
      ],
      { backend: machines, reconnectTimeout },
    ),
  ],
  providers: [StressWork],
})
class StressModule {}

const app = await NestFactory.createApplicationContext(StressModule, { logger: ['error'] });

if (!isRunner) {
  const dice = new Dice(options.seed);
  const ledger = new Ledger();
  const pool = app.get<FlamePool>(getPoolToken('stress'));
  const load = new Load(app.get(StressWork), ledger, dice);
  const faults = new Faults({ dice, pool, work: app.get(StressWork), ledger, alive: machines.alive, hosts });
  const began = Date.now();
  const end = began + options.minutes * 60_000;
  const samples = [processStats(began, 0)];
  const serving = load.run(options.callers, options.pause);

  const sampling = setInterval(() => {
    const sample = processStats(began, machines.alive.size);
    samples.push(sample);
    console.log(JSON.stringify({ ...sample, calls: ledger.started }));
  }, 10_000);
  while (Date.now() < end || ledger.returned < options.calls || !faults.ofEveryKind) {
    faults.make();
    await sleep(dice.below(2 * options.faultEvery));
  }
  await faults.over();
  load.stop();
  // Each call has its own clocks: none takes longer than to wait, to boot and to run.
  await Promise.race([serving, sleep(120_000, undefined, { ref: false })]);
  clearInterval(sampling);
  samples.push(processStats(began, machines.alive.size));
  const closed = await Promise.race([app.close().then(() => true), sleep(30_000, false, { ref: false })]);
  await sleep(200);
  const networks: string[] = [];
  for (const host of hosts) networks.push(...(await host.remove()));
  const report = {
    options,
    calls: await ledger.report(marksFile(options)),
    faults: faults.counts,
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
    atTheEnd: processStats(began, machines.alive.size),
  };
  writeFileSync(join(options.folder, 'report.json'), JSON.stringify(report, null, 2));
  if (!closed) process.exit(1);
}
