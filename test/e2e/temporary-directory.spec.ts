import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SpawnedApp } from '../support/spawned-app.js';

/** An app whose runners are processes and whose TMPDIR has so many letters of three bytes in its path. */
async function start(letters: number): Promise<{ app: SpawnedApp; url: string; base: string; folder: string }> {
  const base = mkdtempSync(join(tmpdir(), 't-'));
  onTestFinished(() => rmSync(base, { recursive: true }));
  const folder = join(base, '語'.repeat(letters));
  mkdirSync(folder);
  const app = new SpawnedApp('dashboard/main.js', { DASH_BACKEND: 'process', TMPDIR: folder });
  return { app, url: await app.url(), base, folder };
}

describe('A TMPDIR whose letters take more than a byte', () => {
  it('holds the socket of the runners', async () => {
    const { url, folder } = await start(8);
    await fetch(`${url}/sleep/1`);
    const stats = async (): Promise<unknown> => (await fetch(`${url}/stats`)).json();
    await expect.poll(stats, { timeout: 40_000 }).toMatchObject({ calls: { returned: 1 } });
    const [socket] = readdirSync(folder).filter((name) => name.startsWith('nestjs-flame-'));
    expect(readdirSync(join(folder, socket!))).toEqual(['parent.sock']);
  });

  it('is refused when its path is too long, and no socket lies outside of it', async () => {
    const { app, url, base, folder } = await start(24);
    await fetch(`${url}/sleep/1`);
    await app.line(/too long a path for a Unix socket \(\d+ bytes, at most 103\): set TMPDIR to a shorter one/);
    expect(readdirSync(base)).toEqual(['語'.repeat(24)]);
    expect(readdirSync(folder)).toEqual([]);
  });
});
