import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Flame, FlameParent, ProcessBackend } from 'nestjs-flame';
import { ConformanceModule } from '../conformance/app.module.js';
import { Counter } from '../conformance/counter.js';

// A parent with one child, which leaves marks in CHILD_FILE for as long as it lives; CHILD_LINK=false makes it an unlinked one.
const pool = { name: 'p', max: 1, shutdownTimeout: 2_000 };
const app = await NestFactory.createApplicationContext(ConformanceModule.with([pool], { backend: new ProcessBackend() }), {
  logger: ['warn', 'error'],
});
if (!FlameParent.get()) {
  const { CHILD_FILE: file = '', CHILD_LINK } = process.env;
  const child = await app.get(Flame).placeChild('p', Counter, { file, every: 20 }, { link: CHILD_LINK !== 'false' });
  console.log(`placed on ${(await child.api.where()).pid}`);
  // The runner's connection holds no process.
  setInterval(() => {}, 1_000);
}
