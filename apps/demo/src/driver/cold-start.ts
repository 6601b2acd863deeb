import { readFileSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { FlamePool, getPoolToken } from 'nestjs-flame';
import { AppModule } from '../app.module.js';
import { VideosService } from '../videos/videos.service.js';

// How long a call takes that finds no runner, from call to answer, in milliseconds: `RUNNER_ENTRY=dist/main.js node dist/driver/cold-start.js`.
// With `RUNNER_BUNDLE=no` the runner starts from the main file although there is a bundle.
const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
const pool = app.get<FlamePool>(getPoolToken('ffmpeg'));
const begun = performance.now();
// No video: the runner says so, without ffmpeg's own start.
const answer = await app
  .get(VideosService)
  .thumbnails(undefined as never, 1)
  .catch((error: Error) => error.message);
const took = performance.now() - begun;
const pid = pool.stats().runners[0]?.machine?.replace('pid ', '');
const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
console.log(JSON.stringify({ took, answer, command }));
await app.close();
