import { setTimeout } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { Flame } from 'nestjs-flame';
import { contest } from '../contest.js';
import { AppModule } from './app.module.js';
import { EchoService } from './echo.service.js';

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
// A runner goes no further.
await app.listen(0, '127.0.0.1');
const echo = app.get(EchoService);
const flame = app.get(Flame);
let last = 0;

contest({
  tasks: {
    async process(size) {
      if (size > 0) return same((await echo.bytes(size)).length, size);
      const value = ++last;
      same(await echo.number(value), value);
    },
    async local() {
      const value = ++last;
      same(await echo.localNumber(value), value);
    },
    async cold() {
      if ((await echo.pid()) === process.pid) throw new Error('a cold call ran in its own process');
    },
  },
  answeringCpu: async () => (process.argv[3] === 'process' ? echo.cpu() : 0),
  settled: async () => {
    while (flame.pool('cold').stats().runners.length > 0) await setTimeout(20);
  },
  close: () => void app.close().then(() => process.exit()),
});

function same(got: number, wanted: number): void {
  if (got !== wanted) throw new Error(`${got} came back in place of ${wanted}`);
}
