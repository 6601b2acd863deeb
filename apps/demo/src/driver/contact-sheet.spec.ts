import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ffmpeg } from '../videos/ffmpeg.js';
import type { Clip } from './clip.js';
import { fetchSheet } from './contact-sheet.js';

const clip = { thumbnails: 7, thumbnail: { width: 20, height: 10 } } as Clip;
const { signal } = new AbortController();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'contact-sheet-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** An app whose contact sheets have that size. */
async function appOf(size: string): Promise<{ file(address: string): Promise<Buffer>; asked: string[] }> {
  const path = join(folder, `${size}.png`);
  await new Ffmpeg().run(['-f', 'lavfi', '-i', `testsrc=size=${size}`, '-frames:v', '1', path]);
  const png = await readFile(path);
  const asked: string[] = [];
  return { asked, file: async (address) => (asked.push(address), png) };
}

describe('fetchSheet', () => {
  it('returns the size of a sheet with all thumbnails', async () => {
    const app = await appOf('120x20');
    expect(await fetchSheet(app, 'a-video', clip, signal)).toEqual({ width: 120, height: 20 });
    expect(app.asked).toEqual(['/videos/a-video/sheet?columns=6']);
  });

  it('fails over a sheet that is too small', async () => {
    const sheet = fetchSheet(await appOf('120x10'), 'a-video', clip, signal);
    await expect(sheet).rejects.toThrow('/videos/a-video/sheet?columns=6 is 120×10, not 120×20');
  });
});
