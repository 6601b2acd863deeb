import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VideoStore } from './video-store.js';

let folder: string;
let store: VideoStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'video-store-'));
  store = new VideoStore(join(folder, 'store'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('VideoStore', () => {
  it('keeps a video and its thumbnails for every store of the same folder', async () => {
    const video = await store.putVideo(Readable.from(['a ', 'video']));
    expect(await readFile(video.url, 'utf8')).toBe('a video');
    await writeFile(join(folder, '001.png'), 'a picture');
    const [address] = await store.putThumbnails(video, [join(folder, '001.png')]);
    expect(address).toBe(`/videos/${video.id}/thumbnails/001.png`);

    const other = new VideoStore(join(folder, 'store'));
    expect(await other.record(video.id)).toEqual({ id: video.id, thumbnails: [address], madeBy: process.pid });
    expect(await text((await other.thumbnail(video.id, '001.png'))!)).toBe('a picture');
  });

  it('serves only thumbnails', async () => {
    const video = await store.putVideo(Readable.from(['a video']));
    expect(await store.record(video.id)).toBeUndefined();
    await store.putThumbnails(video, []);
    for (const name of ['video', 'record.json', '001.png', '../../secret']) expect(await store.thumbnail(video.id, name)).toBeUndefined();
  });

  it('deletes an incomplete upload', async () => {
    const broken = Readable.from(
      (async function* () {
        yield 'half a vi';
        throw new Error('connection reset');
      })(),
    );
    await expect(store.putVideo(broken)).rejects.toThrow('connection reset');
    expect(await readdir(join(folder, 'store'))).toEqual([]);
  });
});
