import { setTimeout } from 'node:timers/promises';
import { ConsoleLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameParent } from 'nestjs-flame';
import { AppModule } from './app.module.js';
import { setUpTracing } from './spans.js';

// A runner that does not come up, at once or after a while.
const { FAIL_BOOT_AFTER } = process.env;
if (FAIL_BOOT_AFTER !== undefined && FlameParent.get()) {
  await setTimeout(Number(FAIL_BOOT_AFTER));
  console.error('no licence for this machine');
  process.exit(3);
}
if (process.env['TRACING']) setUpTracing();
const app = await NestFactory.create(AppModule, { logger: new ConsoleLogger({ json: process.env['LOG'] === 'json' }) });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log(`[parent] listens on ${await app.getUrl()}`);
