import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FlameError } from '../core/flame-error.js';

/** A directory that only this user can enter, with the path of a socket in it. */
export interface PrivateSocket {
  readonly path: string;
  remove(): Promise<void>;
}

const prefix = 'nestjs-flame-';
const socketName = 'parent.sock';
/** The bytes that `sun_path` holds on the narrowest system (macOS). Node 20 cuts a longer path off, and would listen somewhere else. */
const longestPath = 103;
/** A younger directory may belong to a parent that is about to listen. */
const settledAfter = 60_000;

/** Makes one, and removes those whose parents were killed before they could. */
export async function privateSocket(): Promise<PrivateSocket> {
  await removeAbandoned(settledAfter);
  // mkdtemp makes it with mode 0700. Runners may have another working directory.
  const directory = await mkdtemp(join(resolve(tmpdir()), prefix));
  const path = join(directory, socketName);
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  const bytes = Buffer.byteLength(path);
  if (bytes <= longestPath) return { path, remove };
  await remove();
  throw new FlameError(
    'FLAME_CONFIG',
    `the temporary directory ${tmpdir()} has too long a path for a Unix socket (${bytes} bytes, at most ${longestPath}): set TMPDIR to a shorter one`,
  );
}

/** Removes this user's sockets that are older than `age` milliseconds and that nobody listens on any more. */
export async function removeAbandoned(age: number): Promise<void> {
  const entries = await readdir(tmpdir());
  for (const entry of entries.filter((name) => name.startsWith(prefix))) {
    const directory = join(tmpdir(), entry);
    if (await isAbandoned(directory, age)) await rm(directory, { recursive: true, force: true });
  }
}

async function isAbandoned(directory: string, age: number): Promise<boolean> {
  try {
    const { uid, mtimeMs } = await stat(directory);
    if (uid !== process.getuid?.() || Date.now() - mtimeMs < age) return false;
    return await isDeaf(join(directory, socketName));
  } catch {
    // It is somebody else's, or went meanwhile.
    return false;
  }
}

function isDeaf(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
