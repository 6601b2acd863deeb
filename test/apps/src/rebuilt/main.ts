import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, OnFlame, ProcessBackend } from 'nestjs-flame';
import type { FlameModuleOptions } from 'nestjs-flame';
import { price } from './price.js';

@Injectable()
class PriceService {
  @OnFlame('prices')
  async quote(): Promise<string> {
    return price;
  }
}

const { BUILD_MISMATCH } = process.env;
const options = { backend: new ProcessBackend(), buildMismatch: BUILD_MISMATCH as FlameModuleOptions['buildMismatch'] };

@Module({ imports: [FlameModule.forRoot([{ name: 'prices', max: 1, singleUse: true }], options)], providers: [PriceService] })
class AppModule {}

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log('[parent] is up');
const prices = app.get(PriceService);
// Each line on its standard input is a call, and each call a runner of its own.
for await (const _ of createInterface(process.stdin)) {
  const answer = await prices.quote().catch((error: Error & { code: string }) => `${error.code}: ${error.message}`);
  console.log(`[answer] ${answer.replaceAll('\n', ' | ')}`);
}
