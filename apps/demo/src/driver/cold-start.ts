import { readFileSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { FlamePool, getPoolToken } from 'nestjs-flame';
import { AppModule } from '../app.module.js';
import { VideosService } from '../videos/videos.service.js';

// How long a call takes that finds no runner, from call to answer, in milliseconds: `RUNNER_ENTRY=dist/main.js node dist/driver/cold-start.js 3`
// measures the first call of an app, and three later ones. With `RUNNER_BUNDLE=no` runners start from the main file although there is a bundle.
const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
const pool = app.get<FlamePool>(getPoolToken('ffmpeg'));
const videos = app.get(VideosService);

async function coldCall() {
  const begun = performance.now();
  // No video: the runner says so, without ffmpeg's own start.
  const answer = await videos.thumbnails(undefined as never, 1).catch((error: Error) => error.message);
  const took = performance.now() - begun;
  const [runner] = pool.stats().runners;
  const pid = runner?.machine?.replace('pid ', '');
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  await pool.drainRunner(runner!.id);
  return { took, answer, command };
}

const first = await coldCall();
const later: number[] = [];
for (let left = Number(process.argv[2] ?? 0); left > 0; left--) later.push((await coldCall()).took);
console.log(JSON.stringify({ ...first, later }));
await app.close();
