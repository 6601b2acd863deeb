import { lstat, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { FlameError } from '../../core/errors/flame-error.js';

/** A Unix socket in a folder that only this user can enter. */
export interface PrivateSocket {
  readonly path: string;
  /** True while the path leads to this socket. Programs that clean temporary folders also remove sockets in use. */
  isThere(): Promise<boolean>;
  /** Removes the folder. */
  remove(): Promise<void>;
}

const prefix = 'nestjs-flame-';
const socketName = 'parent.sock';
/**
 * The bytes that fit into `sun_path` on the system with the shortest one (macOS). Node 20 truncates a longer path, and would listen at
 * another place.
 */
const longestPath = 103;
/** The bytes of a socket's path after its folder: mkdtemp adds six letters. */
const ownPart = `/${prefix}XXXXXX/${socketName}`.length;
/** In milliseconds. A younger directory may belong to a parent that is about to listen. */
const settledAfter = 60_000;

/**
 * The folders for the socket, in the order of the attempts: first the temporary folder. The others are used if it is missing or read-only,
 * or if its path is too long. The paths are absolute, because runners may have another working directory.
 */
export function socketFolders(): string[] {
  const { XDG_RUNTIME_DIR: runtime = '' } = process.env;
  return [...new Set([resolve(tmpdir()), ...(isAbsolute(runtime) ? [resolve(runtime)] : []), '/dev/shm'])];
}

/**
 * Listens on a private socket in the first folder that can hold one. Removes the sockets that killed parents left in the folders. If
 * `gone`, a socket that was removed, is given, listens at the same path if possible: runners that reconnect have only this path.
 *
 * @throws {FlameError} FLAME_CONFIG with the reason for each folder.
 */
export async function openPrivateSocket(
  listen: (path: string) => Promise<void>,
  gone?: PrivateSocket,
  folders = socketFolders(),
): Promise<PrivateSocket> {
  await removeAbandoned(settledAfter, folders);
  const again = gone && (await listenAgain(dirname(gone.path), listen));
  if (again) return again;
  const failures: string[] = [];
  for (const folder of folders) {
    try {
      return await listenBelow(folder, listen);
    } catch (error) {
      failures.push(`${folder}: ${(error as Error).message}`);
    }
  }
  throw new FlameError(
    'FLAME_CONFIG',
    `no folder is usable for the Unix socket to which runners on this host connect:\n${failures.map((failure) => `- ${failure}`).join('\n')}\n` +
      `Set TMPDIR to an existing folder that this process can write to and whose path has at most ${longestPath - ownPart} bytes.`,
  );
}

async function listenBelow(folder: string, listen: (path: string) => Promise<void>): Promise<PrivateSocket> {
  const bytes = Buffer.byteLength(folder) + ownPart;
  if (bytes > longestPath) throw new Error(`its path is too long for a Unix socket (${bytes} bytes, at most ${longestPath})`);
  const directory = await mkdtemp(join(folder, prefix));
  try {
    return await listenIn(directory, listen);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Listens at the path of a removed socket. The directory may still exist, or another user may have made a directory of this name. */
async function listenAgain(directory: string, listen: (path: string) => Promise<void>): Promise<PrivateSocket | undefined> {
  try {
    await mkdir(directory, { mode: 0o700 }).catch(() => undefined);
    return await listenIn(directory, listen);
  } catch {
    if (await isPrivate(directory).catch(() => false)) await rm(directory, { recursive: true, force: true });
    return undefined;
  }
}

async function listenIn(directory: string, listen: (path: string) => Promise<void>): Promise<PrivateSocket> {
  // A directory on a file system without owners and modes is not private.
  if (!(await isPrivate(directory))) throw new Error(`other users can enter ${directory}`);
  const path = join(directory, socketName);
  await rm(path, { force: true });
  await listen(path);
  // While the socket is open, no other file can get its inode number.
  const found = await find(path);
  return {
    path,
    isThere: async () => found !== undefined && found === (await find(path)),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

async function isPrivate(directory: string): Promise<boolean> {
  const found = await lstat(directory);
  return found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & 0o077) === 0;
}

/** Identifies the file at a path: device and inode; undefined without a file. */
async function find(path: string): Promise<string | undefined> {
  const found = await lstat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.dev} ${found.ino}`;
}

/** Removes this user's sockets that are older than `age` milliseconds and that no process listens on. */
export async function removeAbandoned(age: number, folders = socketFolders()): Promise<void> {
  for (const folder of folders) {
    // A missing folder has no entries.
    const entries = await readdir(folder).catch(() => []);
    for (const entry of entries.filter((name) => name.startsWith(prefix))) {
      const directory = join(folder, entry);
      if (await isAbandoned(directory, age)) await rm(directory, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

async function isAbandoned(directory: string, age: number): Promise<boolean> {
  try {
    const { uid, mtimeMs } = await stat(directory);
    if (uid !== process.getuid?.() || Date.now() - mtimeMs < age) return false;
    return await isUnused(join(directory, socketName));
  } catch {
    // The folder belongs to another user, or was removed meanwhile.
    return false;
  }
}

function isUnused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
