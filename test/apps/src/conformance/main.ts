import 'reflect-metadata';
import { ContextIdFactory, NestFactory } from '@nestjs/core';
import { ConformanceModule } from './app.module.js';
import { requestContext } from './request-context.js';
import { ByTenant } from './by-tenant.js';

ContextIdFactory.apply(new ByTenant());

// What the process backend starts: the app as a runner.
const app = await NestFactory.createApplicationContext(ConformanceModule.with([{ name: 'p', max: 1 }], { context: requestContext }), {
  logger: ['warn', 'error'],
});
await app.init();
