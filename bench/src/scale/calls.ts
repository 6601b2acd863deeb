import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, OnFlame, ProcessBackend } from 'nestjs-flame';

const million = 1_000_000;

@Injectable()
class MillionService {
  @OnFlame('one')
  async number(value: number): Promise<number> {
    return value;
  }

  @OnFlame('one')
  async heap(): Promise<number> {
    return heap();
  }
}

@Module({
  imports: [FlameModule.forRoot([{ name: 'one', min: 1, max: 1, maxConcurrency: 256 }], { backend: new ProcessBackend() })],
  providers: [MillionService],
})
class AppModule {}

/** Bytes of this process's heap in use after a full collection. */
async function heap(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc!();
    await pause(50);
  }
  return process.memoryUsage().heapUsed;
}

const app = await NestFactory.create(AppModule, { logger: ['error'] });
// A runner does not execute the code after this line.
await app.listen(0, '127.0.0.1');
const service = app.get(MillionService);
let last = 0;

async function call(count: number): Promise<void> {
  const end = last + count;
  const caller = async (): Promise<void> => {
    while (last < end) {
      const value = ++last;
      if ((await service.number(value)) !== value) throw new Error(`call ${value} was answered wrongly`);
    }
  };
  await Promise.all(Array.from({ length: 256 }, caller));
}

await call(million / 10);
const before = { parent: await heap(), runner: await service.heap() };
const begun = performance.now();
await call(million);
const took = performance.now() - begun;
const after = { parent: await heap(), runner: await service.heap() };
process.send!({ took, parent: after.parent - before.parent, runner: after.runner - before.runner });
await app.close();
process.disconnect();
