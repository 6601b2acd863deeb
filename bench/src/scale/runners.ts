import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, LocalBackend, OnFlame } from 'nestjs-flame';
import type { FlamePoolOptions } from 'nestjs-flame';

const waiting = 100_000;

@Injectable()
class NumbersService {
  @OnFlame('ten')
  async ofTen(value: number): Promise<number> {
    return value;
  }

  @OnFlame('thousand')
  async ofThousand(value: number): Promise<number> {
    return value;
  }
}

const pool = (name: string, runners: number): FlamePoolOptions => ({
  name,
  min: runners,
  max: runners,
  maxConcurrency: 1,
  maxQueue: waiting,
  queueTimeout: 600_000,
  handlerTimeout: 600_000,
});

@Module({
  imports: [FlameModule.forRoot([pool('ten', 10), pool('thousand', 1_000)], { backend: new LocalBackend() })],
  providers: [NumbersService],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
const numbers = app.get(NumbersService);

/** CPU time of a call, in µs, when so many come at once, most of which wait. */
async function costOf(call: (value: number) => Promise<number>): Promise<number> {
  // Each begins with an empty heap: a full collection of what several left would otherwise always fall on the same one of them.
  globalThis.gc!();
  const before = process.cpuUsage();
  const answers = await Promise.all(Array.from({ length: waiting }, (_, value) => call(value)));
  const { user, system } = process.cpuUsage(before);
  if (answers.some((answer, value) => answer !== value)) throw new Error('a call was answered wrongly');
  return (user + system) / waiting;
}

const rounds: { ten: number; thousand: number }[] = [];
for (let round = 0; round < 16; round++) {
  const ten = await costOf((value) => numbers.ofTen(value));
  const thousand = await costOf((value) => numbers.ofThousand(value));
  // The first compiles.
  if (round > 0) rounds.push({ ten, thousand });
}
process.send!(rounds);
await app.close();
process.disconnect();
