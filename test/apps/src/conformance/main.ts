import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ConformanceModule } from './app.module.js';
import { requestContext } from './request-context.js';

// What the process backend starts: the app as a runner.
const app = await NestFactory.createApplicationContext(ConformanceModule.with([{ name: 'p', max: 1 }], { context: requestContext }), {
  logger: ['warn', 'error'],
});
await app.init();
