import 'reflect-metadata';
import { ContextIdFactory, NestFactory } from '@nestjs/core';
import { ConformanceModule } from './app.module.js';
import { requestContext } from './request-context.js';
import { ByTenant } from './by-tenant.js';
import { OneSided } from './values.service.js';

ContextIdFactory.apply(new ByTenant());

// What the process backend starts: the app as a runner.
const options = { context: requestContext, classes: process.env['KNOWS_ONE_SIDED'] ? [OneSided] : [] };
const app = await NestFactory.createApplicationContext(ConformanceModule.with([{ name: 'p', max: 1 }], options), {
  logger: ['warn', 'error'],
});
await app.init();
