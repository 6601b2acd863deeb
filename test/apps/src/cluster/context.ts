import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule, Seen } from './app.module.js';

/** What a test of the app does: starts it, has a handler run, closes it. Says whether the handler ran in this very process. */
export async function ranHere(): Promise<boolean> {
  const app = await NestFactory.createApplicationContext(AppModule);
  const { pid } = (await app.get(Seen).onRunner()) as { pid: number };
  await app.close();
  return pid === process.pid;
}
