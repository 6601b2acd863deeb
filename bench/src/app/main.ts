import { setTimeout } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { Flame } from 'nestjs-flame';
import { contest } from '../contest.js';
import { AppModule } from './app.module.js';
import { column, observed, recorded, watched } from './column.js';
import { EchoService } from './echo.service.js';
import { inSpan, lookAt, scrape, setUpTracing } from './observed.js';

if (recorded !== undefined) setUpTracing(recorded);
const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
// A runner does not execute the code after this line.
await app.listen(0, '127.0.0.1');
if (observed) scrape(await app.getUrl());
if (watched) lookAt(await app.getUrl());
const echo = app.get(EchoService);
const flame = app.get(Flame);
let last = 0;
/** The large result that is transferred beside the small calls. */
let bulk: Promise<void> | undefined;
const bulkSize = 100 * 1024 * 1024;
const bodies = new Map<number, Buffer>();

/** The results of the map, and how many of them were read. */
let results: AsyncIterator<number> | undefined;
let read = 0;
function* endless(): Iterable<number> {
  for (let number = 0; ; number++) yield number;
}

const number = async (): Promise<void> => {
  const value = ++last;
  same(await echo.number(value), value);
};
const call = recorded === undefined ? number : () => inSpan('app.request', number);
const bodyOf = (size: number): Buffer => {
  let body = bodies.get(size);
  if (body === undefined) bodies.set(size, (body = Buffer.alloc(size, 'flame')));
  return body;
};

contest({
  tasks: {
    process: async (size) => (size > 0 ? same((await echo.bytes(size)).length, size) : call()),
    async inline() {
      const value = ++last;
      same(await echo.inlineNumber(value), value);
    },
    async map() {
      results ??= echo.inlineNumbers(endless(), 64)[Symbol.asyncIterator]();
      same((await results.next()).value, read++);
    },
    argument: async (size) => same(await echo.lengthOf(bodyOf(size)), size),
    async beside() {
      bulk ??= echo.bytes(bulkSize).then((bytes) => {
        bulk = undefined;
        same(bytes.length, bulkSize);
      });
      await number();
    },
    work: (turns) => echo.work(turns),
    async local() {
      const value = ++last;
      same(await echo.localNumber(value), value);
    },
    async cold() {
      if ((await echo.pid()) === process.pid) throw new Error('a cold call ran in its own process');
    },
  },
  answeringCpu: async () => (column === 'local' ? 0 : echo.cpu()),
  ageAnswering: async () => {
    if (column !== 'local') await echo.age();
  },
  settled: async () => {
    await bulk;
    await results?.return?.();
    results = undefined;
    read = 0;
    while (flame.pool('cold').stats().runners.length > 0) await setTimeout(20);
  },
  close: () => void app.close().then(() => process.exit()),
});

function same(got: number, wanted: number): void {
  if (got !== wanted) throw new Error(`${got} came back in place of ${wanted}`);
}
