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

/** CPU time of a call, in µs, if so many calls are made at once that most of them wait. */
async function costOf(call: (value: number) => Promise<number>): Promise<number> {
  // Each measurement begins with an empty heap. Otherwise the full collection for several of them would always happen in the same one.
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
  // In the first one, V8 compiles the code.
  if (round > 0) rounds.push({ ten, thousand });
}
process.send!(rounds);
await app.close();
process.disconnect();
