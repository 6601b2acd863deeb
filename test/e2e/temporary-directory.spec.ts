import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SpawnedApp } from '../support/spawned-app.js';

interface Place {
  readonly app: SpawnedApp;
  readonly base: string;
  readonly folder: string;
  /** Has the app make so many calls at once. */
  call(times?: number): Promise<void>;
  /** Resolves when so many calls have returned. */
  returned(calls: number): Promise<void>;
}

/** An app whose runners are processes and whose TMPDIR has so many letters of three bytes in its path; `at` is a command that starts it. */
async function start(letters: number, more: Record<string, string> = {}, at: readonly string[] = []): Promise<Place> {
  const base = mkdtempSync(join(tmpdir(), 't-'));
  onTestFinished(() => rmSync(base, { recursive: true, maxRetries: 5 }));
  const folder = join(base, '語'.repeat(letters));
  mkdirSync(folder, { recursive: true });
  const app = new SpawnedApp('dashboard/main.js', { DASH_BACKEND: 'process', TMPDIR: folder, ...more }, 'ignore', at);
  const url = await app.url();
  const stats = async (): Promise<unknown> => (await fetch(`${url}/stats`)).json();
  return {
    app,
    base,
    folder,
    call: async (times = 1) => void (await fetch(`${url}/sleep/300?times=${times}`)),
    returned: async (calls) => {
      await expect.poll(stats, { timeout: 40_000 }).toMatchObject({ calls: { returned: calls } });
    },
  };
}

/** The folders of parents' sockets in a folder. */
const sockets = (folder: string): string[] => readdirSync(folder).filter((name) => /^nestjs-flame-\w{6}$/.test(name));

describe('A TMPDIR whose characters take more than a byte', () => {
  it('contains the socket of the runners, also after it was removed', async () => {
    const { folder, call, returned } = await start(8);
    await call();
    await returned(1);
    const [socket] = sockets(folder);
    expect(readdirSync(join(folder, socket!))).toEqual(['parent.sock']);
    rmSync(join(folder, socket!), { recursive: true });
    // More than the runner that is there has slots for.
    await call(4);
    await returned(5);
    expect(sockets(folder)).toEqual([socket]);
    expect(readdirSync(join(folder, socket!))).toEqual(['parent.sock']);
  });
});

describe('A TMPDIR that cannot contain a socket', () => {
  it('is replaced by XDG_RUNTIME_DIR if its path is too long, and nothing is left there', async () => {
    const session = mkdtempSync(join(tmpdir(), 'x-'));
    onTestFinished(() => rmSync(session, { recursive: true, maxRetries: 5 }));
    const { app, base, folder, call, returned } = await start(24, { XDG_RUNTIME_DIR: session });
    await call();
    await returned(1);
    expect(sockets(session)).toHaveLength(1);
    expect(sockets(folder)).toEqual([]);
    expect(readdirSync(base)).toEqual(['語'.repeat(24)]);
    app.process.kill('SIGTERM');
    await app.exited;
    expect(readdirSync(session)).toEqual([]);
  });

  it('fails calls with the fix if the directory cannot be created, and serves them once it can', async () => {
    // A mount namespace of its own takes root.
    const readOnly = 'mount -t tmpfs -o ro flame "$TMPDIR" && mount -t tmpfs -o ro flame /dev/shm && exec "$@"';
    const at = ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', readOnly, 'sh'];
    const { app, folder, call, returned } = await start(1, { XDG_RUNTIME_DIR: '/nowhere/at/all' }, at);
    await call();
    await app.line(/no folder is usable for the Unix socket to which runners on this host connect/);
    await app.line(new RegExp(`- ${folder}: EROFS: read-only file system`));
    await app.line(/- \/nowhere\/at\/all: ENOENT/);
    await app.line(/- \/dev\/shm: EROFS/);
    await app.line(/Set TMPDIR to an existing folder that this process can write to and whose path has at most \d+ bytes/);
    execFileSync('nsenter', ['--mount', '--target', String(app.pid), 'mount', '-o', 'remount,rw', folder]);
    await call();
    await returned(1);
  });
});
