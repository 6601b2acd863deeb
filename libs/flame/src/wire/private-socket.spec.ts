import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { privateSocket, removeAbandoned } from './private-socket.js';

/** Listens on a socket in another process, which is killed: its directory stays behind. */
async function abandon(path: string): Promise<void> {
  const child = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('privateSocket', () => {
  it('lies in a directory that only this user can enter, and goes with it', async () => {
    const { path, remove } = await privateSocket();
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    await remove();
    expect(existsSync(dirname(path))).toBe(false);
  });

  it('removes what a killed parent left, and nothing that is in use or new', async () => {
    const [dead, living, empty] = await Promise.all([privateSocket(), privateSocket(), privateSocket()]);
    await abandon(dead.path);
    const server = createServer().listen(living.path);
    await once(server, 'listening');
    await removeAbandoned(60_000);
    expect(existsSync(dead.path)).toBe(true);
    await removeAbandoned(0);
    expect(existsSync(dirname(dead.path))).toBe(false);
    expect(existsSync(living.path)).toBe(true);
    expect(existsSync(dirname(empty.path))).toBe(true);
    server.close();
    await Promise.all([living.remove(), empty.remove()]);
  });

  /** Makes a temporary directory whose path has about so many bytes, in letters of two. */
  function useTemporary(bytes: number): string {
    const base = mkdtempSync(join(tmpdir(), 'p-'));
    const folder = join(base, 'ü'.repeat(Math.floor((bytes - base.length - 1) / 2)));
    mkdirSync(folder);
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(base, { recursive: true });
    });
    return folder;
  }

  it('listens inside of its directory, where a letter of the path takes more than a byte', async () => {
    const folder = useTemporary(70);
    const { path, remove } = await privateSocket();
    const server = createServer().listen(path);
    await once(server, 'listening');
    expect(path.startsWith(folder)).toBe(true);
    expect(statSync(path).isSocket()).toBe(true);
    server.close();
    await remove();
  });

  it('refuses a path that has more bytes than a socket may, though not more letters, and leaves nothing', async () => {
    const folder = useTemporary(90);
    await expect(privateSocket()).rejects.toMatchObject({
      code: 'FLAME_CONFIG',
      message: expect.stringMatching(/\(1\d\d bytes, at most 103\): set TMPDIR/),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('has an absolute path, for runners with another working directory', async () => {
    vi.stubEnv('TMPDIR', '.');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { path, remove } = await privateSocket();
    await remove();
    expect(isAbsolute(path)).toBe(true);
  });
});
