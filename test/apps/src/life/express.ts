import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule, tell } from './app.module.js';

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
tell(`listens on ${await app.getUrl()}`);
