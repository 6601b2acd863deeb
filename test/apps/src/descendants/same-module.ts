import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule, tell } from './app.module.js';

const app = await NestFactory.createApplicationContext(AppModule);
tell('is a parent');
await app.close();
