import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Logger, UnprocessableEntityException } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readPng } from '../driver/png.js';
import { Ffmpeg } from './ffmpeg.js';
import { VideoStore } from './video-store.js';
import { VideosService } from './videos.service.js';

let folder: string;
let store: VideoStore;
let videos: VideosService;
beforeEach(async () => {
  Logger.overrideLogger(false);
  folder = await mkdtemp(join(tmpdir(), 'videos-service-'));
  store = new VideoStore(join(folder, 'store'));
  videos = new VideosService(new Ffmpeg(), store);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

// Without an app around it the method simply runs: a unit test needs no pool.
describe('VideosService', () => {
  it('makes a thumbnail of every so many seconds, 320 pixels wide', async () => {
    const clip = join(folder, 'clip.mp4');
    await new Ffmpeg().run(['-f', 'lavfi', '-i', 'testsrc=size=640x480:rate=5:duration=6', clip]);
    const video = await store.putVideo(createReadStream(clip));
    const addresses = await videos.thumbnails(video, 2);
    expect(addresses.map((address) => basename(address))).toEqual(['001.png', '002.png', '003.png']);
    const content = await store.thumbnail(video.id, '002.png');
    expect(readPng(await buffer(content!))).toEqual({ width: 320, height: 240 });
  });

  it('refuses what is no video with status 422, and keeps no scratch files', async () => {
    vi.stubEnv('TMPDIR', folder);
    const video = await store.putVideo(Readable.from(['not a video']));
    await expect(videos.thumbnails(video, 2)).rejects.toThrow(UnprocessableEntityException);
    expect(await readdir(folder)).toEqual(['store']);
  });
});
