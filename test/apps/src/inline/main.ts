import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, FlameParent, ProcessBackend } from 'nestjs-flame';
import { VideoStore } from './video-store.js';
import { VideosService } from './videos.service.js';

const pools = ['ffmpeg', 'ocr'].map((name) => ({ name, max: 1 }));

@Module({ imports: [FlameModule.forRoot(pools, { backend: new ProcessBackend() })], providers: [VideosService, VideoStore] })
class AppModule {}

async function* pages(all: string[]): AsyncGenerator<string> {
  yield* all;
}

// The examples of docs/inline-functions.md, each with its result as a line of JSON.
const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
if (!FlameParent.get()) {
  const videos = app.get(VideosService);
  const results = {
    pid: process.pid,
    published: await videos.publish({ id: 'v', url: 'file:v' }, 5),
    read: await videos.read(pages(['one', 'two', 'three']), 'de'),
    settled: await videos.readWhatCanBeRead(['one', 'torn', 'two']),
    torn: await videos
      .read(pages(['one', 'torn']), 'en')
      .catch((error: unknown) => ({ range: error instanceof RangeError, ...(error as { index: number }) })),
  };
  console.log(JSON.stringify(results));
  await app.close();
}
