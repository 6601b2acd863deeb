import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
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
});
