import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ffmpeg } from '../videos/ffmpeg.js';
import type { AppClient } from './app-client.js';
import { Batch } from './batch.js';
import type { Clip } from './clip.js';

let folder: string;
let png: Buffer;
let clip: Clip;
const { signal } = new AbortController();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batch-'));
  await new Ffmpeg().run(['-f', 'lavfi', '-i', 'testsrc=size=320x180', '-frames:v', '1', join(folder, 'one.png')]);
  png = await readFile(join(folder, 'one.png'));
  const path = join(folder, 'clip.mp4');
  await writeFile(path, 'a clip');
  clip = { path, bytes: 6, seconds: 10, everySeconds: 5, thumbnails: 2, thumbnail: { width: 320, height: 180 } };
});
afterAll(() => rm(folder, { recursive: true }));

/** An app that answers each post with two thumbnails, made by process 7 or 8. */
function fakeApp(changes: Partial<Pick<AppClient, 'post' | 'record' | 'file'>> = {}): AppClient {
  let posts = 0;
  const post = async (): ReturnType<AppClient['post']> => ({ id: String(posts++), thumbnails: ['/1.png', '/2.png'] });
  const record = async (id: string): ReturnType<AppClient['record']> => ({ id, thumbnails: [], madeBy: 7 + (Number(id) % 2) });
  const file = async (): Promise<Buffer> => png;
  return { post, record, file, ...changes } as unknown as AppClient;
}

describe('Batch', () => {
  it('counts thumbnails, and the runners that made them', async () => {
    const batch = new Batch(fakeApp(), clip, 3);
    await batch.run(signal);
    expect(batch.arrived).toBe(6);
    expect(batch.expected).toBe(6);
    expect(batch.ids).toEqual(['0', '1', '2']);
    expect([...batch.madeBy]).toEqual([7, 8]);
    expect(batch.videos.map(({ state }) => state)).toEqual(['checked', 'checked', 'checked']);
    expect(batch.took).toBeGreaterThan(0);
  });

  it.each([
    [
      'a file that is no PNG',
      { file: async () => Buffer.from('<html>') },
      '/1.png is not the PNG that it should be: it has no PNG signature',
    ],
    ['too few thumbnails', { post: async () => ({ id: '1', thumbnails: ['/1.png'] }) }, '1 thumbnails came back, not 2'],
    ['a refused post', { post: async () => Promise.reject(new Error('POST was answered with 500')) }, 'POST was answered with 500'],
  ])('fails over %s', async (_, changes, reason) => {
    const batch = new Batch(fakeApp(changes), clip, 2);
    await expect(batch.run(signal)).rejects.toThrow(`2 of 2 videos failed: ${reason}`);
    expect(batch.videos.map(({ state }) => state)).toEqual(['failed', 'failed']);
  });

  it('fails over a thumbnail of another size', async () => {
    const batch = new Batch(fakeApp(), { ...clip, thumbnail: { width: 320, height: 240 } }, 1);
    await expect(batch.run(signal)).rejects.toThrow('it is 320×180, not 320×240');
  });

  it('fails with the reason of its signal', async () => {
    const gone = AbortSignal.abort(new Error('ended by SIGINT'));
    await expect(new Batch(fakeApp(), clip, 1).run(gone)).rejects.toThrow('ended by SIGINT');
  });
});
