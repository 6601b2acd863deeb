import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, FlamePool, getPoolToken, OnFlame } from 'nestjs-flame';
import { FakeBackend } from './fake-backend.js';

/** The number of runners that attach at the same time. */
const sessions = 1_000;

@Injectable()
class IdleService {
  @OnFlame('idle')
  async nothing(): Promise<void> {}
}

const pool = { name: 'idle', max: sessions, bootTimeout: 120_000 };

@Module({
  imports: [FlameModule.forRoot([pool], { backend: new FakeBackend(['IdleService.nothing', 'new IdleService']) })],
  providers: [IdleService],
})
class AppModule {}

/** Bytes of this process after a full collection. */
async function memory(): Promise<{ rss: number; used: number }> {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc!();
    await pause(200);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, used: heapUsed + external };
}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
const flamePool = app.get<FlamePool>(getPoolToken('idle'));
const ready = (): number => flamePool.stats().runners.filter(({ state }) => state === 'ready').length;
const attached = async (count: number): Promise<void> => {
  flamePool.resize({ min: count });
  while (ready() < count) await pause(20);
};
// Objects that only the first session creates are not counted.
await attached(20);
const before = await memory();
await attached(sessions);
const after = await memory();
const each = (what: 'rss' | 'used'): number => (after[what] - before[what]) / (sessions - 20);
process.send!({ rss: each('rss'), used: each('used') });
await app.close();
process.disconnect();
