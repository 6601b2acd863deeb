import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openPrivateSocket, removeAbandoned, socketFolders } from './private-socket.js';

const servers: Server[] = [];

/** Listens there, as the parent does, until the test ends. */
async function listen(path: string): Promise<void> {
  const server = createServer();
  onTestFinished(() => void server.close());
  servers.push(server);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
}

/** Stops listening, which takes the socket away, as a parent does before it listens again. */
async function listenAnew(path: string): Promise<void> {
  servers.splice(0).forEach((server) => server.close());
  await listen(path);
}

/** Listens on a socket in another process, which is killed: its directory stays behind. */
async function abandon(folder: string): Promise<string> {
  const path = join(mkdtempSync(join(folder, 'nestjs-flame-')), 'parent.sock');
  const child = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  return path;
}

/** A folder of this test's own. */
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'p-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder whose path has about so many bytes, in letters of two. */
function longFolder(bytes: number): string {
  const base = newFolder();
  const folder = join(base, 'ü'.repeat(Math.floor((bytes - base.length - 1) / 2)));
  mkdirSync(folder);
  return folder;
}

function useEnv(name: string, value: string | undefined): void {
  vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

describe('openPrivateSocket', () => {
  it('listens in a directory that only this user can enter, and removes it', async () => {
    const { path, remove } = await openPrivateSocket(listen);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(statSync(path).isSocket()).toBe(true);
    await remove();
    expect(existsSync(dirname(path))).toBe(false);
  });

  it('listens inside of its directory, if a character of the path takes more than a byte', async () => {
    const folder = longFolder(70);
    const { path, remove } = await openPrivateSocket(listen, undefined, [folder]);
    expect(path.startsWith(folder)).toBe(true);
    expect(statSync(path).isSocket()).toBe(true);
    await remove();
  });

  it('refuses a path that has more bytes than a socket may, though not more letters, and leaves nothing', async () => {
    const folder = longFolder(90);
    await expect(openPrivateSocket(listen, undefined, [folder])).rejects.toMatchObject({
      code: 'FLAME_CONFIG',
      message: expect.stringMatching(
        /its path is too long for a Unix socket \(1\d\d bytes, at most 103\)\nSet TMPDIR to an existing folder .* at most 71 bytes/,
      ),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('uses the next folder if one is missing, is not a folder, has too long a path, or does not allow sockets', async () => {
    const [missing, long, deaf, good] = [join(newFolder(), 'missing'), longFolder(90), newFolder(), newFolder()];
    const file = join(newFolder(), 'file');
    writeFileSync(file, '');
    const hears = (path: string): Promise<void> => (path.startsWith(deaf) ? Promise.reject(new Error('no sockets here')) : listen(path));
    const { path, remove } = await openPrivateSocket(hears, undefined, [missing, file, long, deaf, good]);
    expect(dirname(dirname(path))).toBe(good);
    expect([readdirSync(long), readdirSync(deaf)]).toEqual([[], []]);
    await remove();
  });

  it('reports for each folder why it cannot be used, and the fix', async () => {
    const [missing, deaf] = [join(newFolder(), 'missing'), newFolder()];
    const hears = (): Promise<void> => Promise.reject(new Error('EPERM: no sockets here'));
    const failure = openPrivateSocket(hears, undefined, [missing, deaf]);
    await expect(failure).rejects.toMatchObject({ code: 'FLAME_CONFIG' });
    await expect(failure).rejects.toThrow(
      new RegExp(`- ${missing}: ENOENT.*\n- ${deaf}: EPERM: no sockets here\nSet TMPDIR to an existing folder`),
    );
  });

  it('detects that the socket was removed, or replaced', async () => {
    const folder = newFolder();
    const { path, isThere } = await openPrivateSocket(listen, undefined, [folder]);
    expect(await isThere()).toBe(true);
    rmSync(path);
    expect(await isThere()).toBe(false);
    await listen(path);
    expect(await isThere()).toBe(false);
    rmSync(dirname(path), { recursive: true });
    expect(await isThere()).toBe(false);
  });

  it.each<[string, (path: string) => void]>([
    ['with its directory', (path) => rmSync(dirname(path), { recursive: true })],
    ['and its directory is left', (path) => rmSync(path)],
  ])('reuses the path of a socket that was removed %s', async (_, clean) => {
    const folder = newFolder();
    const gone = await openPrivateSocket(listen, undefined, [folder]);
    clean(gone.path);
    const { path, isThere, remove } = await openPrivateSocket(listenAnew, gone, [folder]);
    expect(path).toBe(gone.path);
    expect(await isThere()).toBe(true);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    await remove();
  });

  it('leaves the path alone where others may enter by now, and takes another', async () => {
    const folder = newFolder();
    const gone = await openPrivateSocket(listen, undefined, [folder]);
    rmSync(dirname(gone.path), { recursive: true });
    mkdirSync(dirname(gone.path));
    chmodSync(dirname(gone.path), 0o755);
    const { path, remove } = await openPrivateSocket(listenAnew, gone, [folder]);
    expect(path).not.toBe(gone.path);
    expect(readdirSync(dirname(gone.path))).toEqual([]);
    await remove();
  });

  it("uses another folder if the socket's folder was removed, too", async () => {
    const [first, second] = [newFolder(), newFolder()];
    const gone = await openPrivateSocket(listen, undefined, [first]);
    rmSync(first, { recursive: true });
    const { path, remove } = await openPrivateSocket(listenAnew, gone, [first, second]);
    expect(dirname(dirname(path))).toBe(second);
    await remove();
  });
});

describe('socketFolders', () => {
  it('are the temporary folder, XDG_RUNTIME_DIR and /dev/shm, all absolute', () => {
    useEnv('TMPDIR', '.');
    useEnv('XDG_RUNTIME_DIR', '/run/user/1000/');
    expect(socketFolders()).toEqual([process.cwd(), '/run/user/1000', '/dev/shm']);
    expect(socketFolders().every((folder) => isAbsolute(folder))).toBe(true);
  });

  it.each([undefined, '', 'relative'])('omit XDG_RUNTIME_DIR if it is %j, as the standard requires', (runtime) => {
    useEnv('TMPDIR', '/a');
    useEnv('XDG_RUNTIME_DIR', runtime);
    expect(socketFolders()).toEqual(['/a', '/dev/shm']);
  });
});

describe('removeAbandoned', () => {
  it('removes the sockets of killed parents, in each folder, and none that is in use or new', async () => {
    const folders = [newFolder(), join(newFolder(), 'missing'), newFolder()];
    const dead = [await abandon(folders[0]!), await abandon(folders[2]!)];
    const living = await openPrivateSocket(listen, undefined, folders);
    const empty = mkdtempSync(join(folders[0]!, 'nestjs-flame-'));
    await removeAbandoned(60_000, folders);
    expect(dead.map((path) => existsSync(path))).toEqual([true, true]);
    await removeAbandoned(0, folders);
    expect(dead.map((path) => existsSync(dirname(path)))).toEqual([false, false]);
    expect(existsSync(living.path)).toBe(true);
    expect(existsSync(empty)).toBe(true);
    await living.remove();
  });
});
