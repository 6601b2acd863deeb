import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FlamePool, getPoolToken } from 'nestjs-flame';
import { AppModule, Places } from './app.module.js';

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn', 'log'] });
const places = app.get(Places);
const failed = (error: Error): string => `${error.name}: ${error.message}`;
const found = {
  command: await places.command(),
  runner: await places.look().catch(failed),
  addon: await places.addon().catch(failed),
  missing: await places.missing().catch(failed),
};
console.log(`[found] ${JSON.stringify(found)}`);
// The next runner of the same build takes what this one has compiled.
await app.get<FlamePool>(getPoolToken('runners')).drain();
await app.close();
