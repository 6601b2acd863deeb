import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FlameParent, FlameRunner } from 'nestjs-flame';
import { AppModule, tell } from './app.module.js';

if (FlameParent.get()) {
  await FlameRunner.start(AppModule);
  tell('is attached');
} else {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  tell(`listens on ${await app.getUrl()}`);
}
