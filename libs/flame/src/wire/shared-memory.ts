import { closeSync, constants, existsSync, fstatSync, lstatSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RingReader, RingWriter } from './shared-ring.js';

/** Both files of a session, as one end has them open. */
export interface SharedFiles {
  readonly outgoing: RingWriter;
  readonly incoming: RingReader;
}

/** What a runner is told of them: the folder they are in, under its own name, and how they are used. */
export interface SharedPlace {
  readonly path: string;
  /** Bytes that each may hold. */
  readonly size: number;
  /** Values of so many bytes go through them. */
  readonly above: number;
}

const prefix = 'nestjs-flame-shm-';
const ringSize = 64 * 1024 * 1024;
/** Memory where the system has a place for it; a temporary file is mostly memory, too. */
const memoryFolder = '/dev/shm';
/** A younger folder may belong to a parent in another PID namespace that is about to use it. */
const settledAfter = 60_000;

/**
 * The parent's folder of shared files, private to its user. A session's two files are in it only until its runner has opened them: from then on they have no
 * name, and are gone when both processes are. The parent opens nothing but what it has made itself. It owns the folder.
 */
export class SharedMemory {
  readonly #above: number;
  #folder: string | undefined;
  #sessions = 0;

  constructor(above: number) {
    this.#above = above;
  }

  /** Makes the files of a session; undefined where none can be had: then all goes over the stream. */
  open(): { place: SharedPlace; files: SharedFiles; unlink: () => void } | undefined {
    try {
      this.#folder ??= makeFolder();
      const path = join(this.#folder, String(++this.#sessions));
      const unlink = (): void => removeFiles(path);
      try {
        const files = openFiles(path, 'parent', ringSize, this.#above, constants.O_CREAT | constants.O_EXCL);
        return { place: { path, size: ringSize, above: this.#above }, files, unlink };
      } catch (error) {
        unlink();
        throw error;
      }
    } catch {
      return undefined;
    }
  }

  close(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

/** Opens, as a runner, what its parent has made, and takes the names away; undefined where it cannot be reached, as on another host. */
export function joinShared({ path, size, above }: SharedPlace): SharedFiles | undefined {
  try {
    const files = openFiles(path, 'runner', size, above, 0);
    removeFiles(path);
    return files;
  } catch {
    return undefined;
  }
}

function openFiles(path: string, end: 'parent' | 'runner', size: number, above: number, flags: number): SharedFiles {
  const [own, other] = end === 'parent' ? ['down', 'up'] : ['up', 'down'];
  const outgoing = openFile(`${path}.${own}`, flags);
  try {
    return { outgoing: new RingWriter(outgoing, size, above), incoming: new RingReader(openFile(`${path}.${other}`, flags), size) };
  } catch (error) {
    closeSync(outgoing);
    throw error;
  }
}

/** Neither follows a link nor waits for the other end of a pipe. */
function openFile(path: string, flags: number): number {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK | flags, 0o600);
  const found = fstatSync(fd);
  if (found.isFile() && found.uid === process.getuid?.()) return fd;
  closeSync(fd);
  throw new Error(`${path} is not a file of this user`);
}

function removeFiles(path: string): void {
  for (const end of ['down', 'up']) rmSync(`${path}.${end}`, { force: true });
}

/** Makes a folder, with mode 0700, and removes those of this user's parents that were killed before they could. */
function makeFolder(): string {
  const base = existsSync(memoryFolder) ? memoryFolder : tmpdir();
  for (const name of readdirSync(base))
    if (name.startsWith(prefix) && isAbandoned(join(base, name))) rmSync(join(base, name), { recursive: true, force: true });
  return mkdtempSync(join(base, `${prefix}${process.pid}-`));
}

function isAbandoned(folder: string): boolean {
  try {
    const { uid, mtimeMs } = lstatSync(folder);
    if (uid !== process.getuid?.() || Date.now() - mtimeMs < settledAfter) return false;
    process.kill(Number(/-(\d+)-[^-]*$/.exec(folder)?.[1]), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
