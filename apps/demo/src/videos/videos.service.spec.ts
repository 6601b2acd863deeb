import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Logger, UnprocessableEntityException } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { FlameModule, FlamePool, getPoolToken } from 'nestjs-flame';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readPng } from '../driver/png.js';
import { Ffmpeg } from './ffmpeg.js';
import { VideoStore } from './video-store.js';
import { VideosService } from './videos.service.js';

let folder: string;
let store: VideoStore;
let app: TestingModule;
let videos: VideosService;
beforeEach(async () => {
  Logger.overrideLogger(false);
  folder = await mkdtemp(join(tmpdir(), 'videos-service-'));
  store = new VideoStore(join(folder, 'store'));
  // The pool is local: no process, and values cross as they would to one.
  app = await Test.createTestingModule({
    imports: [FlameModule.forRoot([{ name: 'ffmpeg', max: 1 }])],
    providers: [Ffmpeg, VideosService, { provide: VideoStore, useValue: store }],
  }).compile();
  await app.init();
  videos = app.get(VideosService);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await app.close();
  await rm(folder, { recursive: true });
});

describe('VideosService', () => {
  it('makes a thumbnail for each interval, 320 pixels wide', async () => {
    const clip = join(folder, 'clip.mp4');
    await new Ffmpeg().run(['-f', 'lavfi', '-i', 'testsrc=size=640x480:rate=5:duration=6', clip]);
    const video = await store.putVideo(createReadStream(clip));
    const addresses = await videos.thumbnails(video, 2);
    expect(addresses.map((address) => basename(address))).toEqual(['001.png', '002.png', '003.png']);
    const content = await store.thumbnail(video.id, '002.png');
    expect(readPng(await buffer(content!))).toEqual({ width: 320, height: 240 });
  });

  it('lays all thumbnails side by side, in an inline function on the pool', async () => {
    const video = await store.putVideo(Readable.from(['a video']));
    expect(await videos.sheet(video.id, 2)).toBeUndefined();
    const files = ['001.png', '002.png', '003.png', '004.png', '005.png'].map((name) => join(folder, name));
    for (const file of files) await new Ffmpeg().run(['-f', 'lavfi', '-i', 'testsrc=size=40x30', '-frames:v', '1', file]);
    await store.putThumbnails(video, files);
    expect(readPng((await videos.sheet(video.id, 2))!)).toEqual({ width: 80, height: 90 });
    const pool = app.get<FlamePool>(getPoolToken('ffmpeg'));
    expect(pool.stats().runners.map(({ served }) => served)).toEqual([1]);
  });

  it('refuses a file that is not a video with status 422, and keeps no temporary files', async () => {
    vi.stubEnv('TMPDIR', folder);
    const video = await store.putVideo(Readable.from(['not a video']));
    await expect(videos.thumbnails(video, 2)).rejects.toThrow(UnprocessableEntityException);
    expect(await readdir(folder)).toEqual(['store']);
  });
});
