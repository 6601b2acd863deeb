import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ConformanceModule } from './app.module.js';

// What the process backend starts: the app as a runner.
const app = await NestFactory.createApplicationContext(ConformanceModule.with([{ name: 'p', max: 1 }]), { logger: ['warn', 'error'] });
await app.init();
