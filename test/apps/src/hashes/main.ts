import 'reflect-metadata';
import { scrypt, scryptSync } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, FlameParent, OnFlame, ProcessBackend } from 'nestjs-flame';

const cost = { N: 2 ** 14 };
const hash = promisify<string, string, number, object, Buffer>(scrypt);

/** Work of so many milliseconds each, whatever the machine. */
@Injectable()
class Passwords {
  @OnFlame('sync')
  async blocking(time: number): Promise<number> {
    for (const end = performance.now() + time; performance.now() < end;) scryptSync('password', 'salt', 64, cost);
    return process.pid;
  }

  @OnFlame('async')
  async inThreads(time: number): Promise<number> {
    for (const end = performance.now() + time; performance.now() < end;) await hash('password', 'salt', 64, cost);
    return process.pid;
  }

  @OnFlame('waits')
  async waiting(time: number): Promise<number> {
    await setTimeout(time);
    return process.pid;
  }
}

@Module({
  imports: [
    FlameModule.forRoot(
      ['sync', 'async', 'waits'].map((name) => ({ name, max: 2 })),
      { backend: new ProcessBackend() },
    ),
  ],
  providers: [Passwords],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
if (!FlameParent.get()) {
  const passwords = app.get(Passwords);
  const twelve = async (call: () => Promise<number>): Promise<number> => new Set(await Promise.all(Array.from({ length: 12 }, call))).size;
  const [sync, threads, waits] = await Promise.all([
    twelve(() => passwords.blocking(450)),
    twelve(() => passwords.inThreads(5_000)),
    twelve(() => passwords.waiting(5_000)),
  ]);
  console.log(`runners: sync ${sync}, async ${threads}, waits ${waits}`);
}
