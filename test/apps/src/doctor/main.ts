import 'reflect-metadata';
import { appendFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Injectable, Module } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, FlameParent, LocalBackend, OnFlame, ProcessBackend } from 'nestjs-flame';
import type { FlamePoolOptions } from 'nestjs-flame';

// An app for doctor to examine. What is wrong with it is said by DOCTOR_CASE; what it has done it writes to DOCTOR_MARKS.
const what = process.env['DOCTOR_CASE'];
const runner = FlameParent.get() !== null;

function mark(text: string): void {
  appendFileSync(process.env['DOCTOR_MARKS']!, `${runner ? 'runner' : 'parent'} ${text}\n`);
}

@Injectable()
class Work implements OnModuleInit, OnApplicationShutdown {
  @OnFlame('one')
  async work(): Promise<void> {}

  onModuleInit(): void {
    mark(`started by ${process.argv.slice(2).join(' ')} with ${process.env['FLAME_DOCTOR'] ?? 'no request'}`);
  }

  onApplicationBootstrap(): void {
    if (runner)
      for (let i = 0; i < Number(process.env['DOCTOR_CONNECTIONS'] ?? 0); i++)
        connect(Number(process.env['DOCTOR_PORT']), '127.0.0.1').unref();
  }

  async onApplicationShutdown(): Promise<void> {
    if (runner && what === 'ends slowly') await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
}

class Unlike {}

/** Forgets a machine, as far as anyone can tell. */
class LeakyBackend extends ProcessBackend {
  override async machines(): Promise<readonly string[]> {
    return ['pid 4711'];
  }
}

const backend =
  what === 'leaks'
    ? new LeakyBackend()
    : new ProcessBackend(what === 'no entry' ? { entry: 'no/such/main.js' } : { args: ['--as', 'runner'] });
const limits = what === 'never attaches' ? { bootTimeout: 3_000 } : what === 'ends slowly' ? { shutdownTimeout: 500 } : {};
const one: FlamePoolOptions = { name: 'one', min: 1, max: what === 'bad option' ? 0.5 : 2, ...limits };
const pools: FlamePoolOptions[] = what === 'in order' ? [one, { name: 'two', max: 1, backend: new LocalBackend() }] : [one];

@Module({
  imports:
    what === 'no FlameModule'
      ? []
      : [
          FlameModule.forRootAsync({
            names: pools.map(({ name }) => name),
            useFactory: () => ({ pools, backend, handlers: runner && what === 'other build' ? [Unlike] : [] }),
          }),
        ],
  providers: what === 'no FlameModule' ? [] : [Work, Unlike],
})
class AppModule {}

if (runner) {
  if (what === 'cannot start') throw new Error('the database is not there');
  if (what === 'never attaches') setInterval(() => {}, 1_000);
  const now = Date.now;
  if (what === 'wrong clock') Date.now = () => now() + 3_600_000;
}
if (!(runner && what === 'never attaches')) {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  mark('listens');
}
