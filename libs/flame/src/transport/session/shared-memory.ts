import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isAlive } from '../../system/process-table.js';
import { thisSystem } from '../../system/system.js';
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
/** Where it may not be written to, a temporary file takes its place, which is mostly memory, too. */
const memoryFolder = '/dev/shm';
/** A younger folder may belong to a parent in another PID namespace that is about to use it. */
const settledAfter = 60_000;
/** Bytes of a disk that files leave free; of memory they leave half. */
const leftOfDisk = 1024 * 1024 * 1024;

/**
 * The parent's folder of shared files, private to its user. A session's two files are in it only until its runner has opened them: from then on they have no
 * name, and are gone when both processes are. The parent opens nothing but what it has made itself. It owns the folder.
 *
 * All such files, of all processes and parents, leave half of `/dev/shm` free: each asks the system before it grows.
 */
export class SharedMemory {
  readonly #above: number;
  readonly #warn: (text: string) => void;
  #folder: string | undefined;
  #sessions = 0;
  #warned = false;

  /** Values of `above` bytes and more are worth it; `warn` is told, once, that there is too little of it. */
  constructor(above: number, warn: (text: string) => void = () => {}) {
    this.#above = above;
    this.#warn = warn;
  }

  /** Makes the files of a session; undefined where none can be had: then all goes over the stream. */
  open(): { place: SharedPlace; files: SharedFiles; unlink: () => void } | undefined {
    if (thisSystem().memoryFolder === undefined) return undefined;
    try {
      // Something that cleans up may have removed it.
      if (this.#folder === undefined || !existsSync(this.#folder)) this.#folder = makeFolder();
      const path = join(this.#folder, String(++this.#sessions));
      const unlink = (): void => removeFiles(path);
      try {
        const files = openFiles(path, 'parent', ringSize, this.#above, constants.O_CREAT | constants.O_EXCL);
        return { place: { path, size: ringSize, above: this.#above }, files, unlink };
      } catch (error) {
        unlink();
        throw error;
      }
    } catch (error) {
      this.short((error as Error).message);
      return undefined;
    }
  }

  /** Says once that some values found no room, here or in a runner. */
  short(why = found(memoryBase())): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#warn(
      `shared memory is short, so large values go over the stream, which is slower: ${why}. ` +
        'Give a container more of it: --shm-size=1g with docker run, shm_size: 1g in a compose file, in Kubernetes an emptyDir with medium: Memory mounted at /dev/shm.',
    );
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
    // The place of the parent's folder, which is there also when the folder was removed.
    const place = dirname(dirname(path));
    return {
      outgoing: new RingWriter(outgoing, size, above, () => roomIn(place)),
      incoming: new RingReader(openFile(`${path}.${other}`, flags), size),
    };
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

function memoryBase(): string {
  try {
    accessSync(memoryFolder, constants.W_OK);
    return memoryFolder;
  } catch {
    return tmpdir();
  }
}

/** By how many bytes files in a folder may grow; less than 0 when more is used, by them or by others, than they may leave. */
export function roomIn(folder: string): number {
  try {
    const { bsize, blocks, bavail } = statfsSync(folder);
    const half = (blocks * bsize) / 2;
    // A memory file system without a size says that it has no blocks.
    return blocks === 0 ? Infinity : bavail * bsize - (folder === memoryFolder ? half : Math.min(half, leftOfDisk));
  } catch {
    // What cannot be asked is tried.
    return Infinity;
  }
}

function found(folder: string): string {
  try {
    const { bsize, blocks, bavail } = statfsSync(folder);
    const size = (count: number): string => `${Math.round((count * bsize) / 1024 / 1024)} MiB`;
    return `${folder} has ${size(blocks)}, of which ${size(bavail)} are free, and half stays free for others`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Makes a folder, with mode 0700, and removes those of this user's parents that were killed before they could. */
function makeFolder(): string {
  const base = memoryBase();
  for (const name of readdirSync(base))
    if (name.startsWith(prefix) && isAbandoned(join(base, name))) rmSync(join(base, name), { recursive: true, force: true });
  return mkdtempSync(join(base, `${prefix}${process.pid}-`));
}

function isAbandoned(folder: string): boolean {
  try {
    const { uid, mtimeMs } = lstatSync(folder);
    return uid === process.getuid?.() && Date.now() - mtimeMs >= settledAfter && !isAlive(Number(/-(\d+)-[^-]*$/.exec(folder)?.[1]));
  } catch {
    return false;
  }
}
