import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { childrenOf } from '../../support/process-table.js';
import { RunningApp } from './support/running-app.js';

interface Picture {
  jpeg(): Picture;
  withMetadata(options: object): Picture;
  toBuffer(): Promise<Buffer>;
  metadata(): Promise<{ format: string; width: number; height: number }>;
}

type Sharp = (input: Buffer | object) => Picture;

describe('an app that makes thumbnails with sharp', () => {
  let app: RunningApp;
  let sharp: Sharp;
  let bundling: string;

  beforeAll(async () => {
    const folder = inject('realWorld');
    sharp = createRequire(join(folder, 'package.json'))('sharp') as Sharp;
    const command = join(folder, 'node_modules/.bin/nestjs-flame');
    ({ stderr: bundling } = await promisify(execFile)(command, ['bundle', 'dist/images/main.js'], { cwd: folder }));
    app = await RunningApp.serving('images/main.js');
  });
  afterAll(() => app?.stop());

  it('makes many at once on several runners, each turned as its camera was', async () => {
    // A camera that was held upright.
    const photo = await sharp({ create: { width: 1200, height: 800, channels: 3, background: 'teal' } })
      .jpeg()
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const thumbnails = await Promise.all(Array.from({ length: 8 }, (_, index) => thumbnail(photo, 100 + index)));
    for (const [index, { status, type, image }] of thumbnails.entries()) {
      expect(status, app.output).toBe(201);
      expect(type).toBe('image/webp');
      expect(await sharp(image).metadata()).toMatchObject({ format: 'webp', width: 100 + index, height: Math.round((100 + index) * 1.5) });
    }
    expect(childrenOf(app.pid)).toHaveLength(2);
  });

  it.each([
    ['what is no image', 'no image', 'unsupported image format'],
    ['a small file with a huge image', '<svg xmlns="http://www.w3.org/2000/svg" width="10000" height="10000"/>', 'exceeds pixel limit'],
  ])('answers 422 to %s', async (_case, file, reason) => {
    const { status, image } = await thumbnail(Buffer.from(file), 100);
    expect(status, app.output).toBe(422);
    expect(String(image)).toContain(reason);
  });

  it('runs from a bundle, with the addon from node_modules', () => {
    expect(bundling).toMatch(/bundled \d+ files of dist\/images\/main\.js/);
    for (const pid of childrenOf(app.pid)) {
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), app.output).toContain('/.flame/');
      expect(readFileSync(`/proc/${pid}/maps`, 'utf8')).toMatch(/\/node_modules\/@img\/sharp-\S+\.node$/m);
    }
  });

  async function thumbnail(content: Buffer, width: number) {
    const body = new FormData();
    body.set('image', new Blob([content]), 'photo.jpg');
    const response = await fetch(`${app.url}/thumbnails?width=${width}`, { method: 'POST', body });
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      image: Buffer.from(await response.arrayBuffer()),
    };
  }
});
