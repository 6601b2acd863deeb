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
import type { Clock } from '../../core/clock.js';
import type { Inbox } from './inbox.js';
import type { Outbox } from './outbox.js';
import { RingReader, RingWriter } from './shared-ring.js';

/** The two files of a session, opened by one end. */
export interface SharedFiles {
  readonly outgoing: RingWriter;
  readonly incoming: RingReader;
}

/** Where a runner finds its session's files, and how it uses them. */
export interface SharedMemoryInfo {
  readonly path: string;
  /** The most bytes in each file. */
  readonly size: number;
  /** Values of at least this many bytes use the files. */
  readonly above: number;
}

const prefix = 'nestjs-flame-shm-';
const ringSize = 64 * 1024 * 1024;
/** If this folder is not writable, the folder for temporary files takes its place. That one is mostly in memory, too. */
const memoryFolder = '/dev/shm';
/** Milliseconds. A younger folder may belong to a parent in another PID namespace that is about to use it. */
const settledAfter = 60_000;
/** Free bytes that the files leave on a disk. In memory they leave half. */
const leftOfDisk = 1024 * 1024 * 1024;
/** Milliseconds without a value after which the memory is freed. Also the time between a shortage and the next try. */
const idleAfter = 500;

/**
 * The parent's folder of shared files, private to its user. It owns the folder.
 *
 * The folder holds the two files of a session only until the runner has opened them. From then on the files have no name, and the system
 * frees them when both processes are gone. The parent opens only files that it has made itself.
 *
 * All such files, of all processes and parents, leave half of `/dev/shm` free: each process checks the free room before its file grows.
 */
export class SharedMemory {
  readonly #above: number;
  readonly #warn: (text: string) => void;
  #folder: string | undefined;
  #sessions = 0;
  #warned = false;

  /** Values of at least `above` bytes use shared memory. `warn` is called once, when there is too little of it. */
  constructor(above: number, warn: (text: string) => void = () => {}) {
    this.#above = above;
    this.#warn = warn;
  }

  /** Makes the files of a session; undefined if that is not possible. All values then go over the stream. */
  open(): { info: SharedMemoryInfo; files: SharedFiles; unlink: () => void } | undefined {
    if (thisSystem().memoryFolder === undefined) return undefined;
    try {
      // A clean-up job may have removed the folder.
      if (this.#folder === undefined || !existsSync(this.#folder)) this.#folder = makeFolder();
      const path = join(this.#folder, String(++this.#sessions));
      const unlink = (): void => removeFiles(path);
      try {
        const files = openFiles(path, 'parent', ringSize, this.#above, constants.O_CREAT | constants.O_EXCL);
        return { info: { path, size: ringSize, above: this.#above }, files, unlink };
      } catch (error) {
        unlink();
        throw error;
      }
    } catch (error) {
      this.short((error as Error).message);
      return undefined;
    }
  }

  /** Warns once that a value found no room, here or in a runner. */
  short(why = found(memoryBase())): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#warn(
      `shared memory is too small, so large values use the stream, which is slower: ${why}. ` +
        'Give the container more: --shm-size=1g with docker run, shm_size: 1g in a compose file, or in Kubernetes an emptyDir with medium: Memory mounted at /dev/shm.',
    );
  }

  close(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

/** Events of a session's files. */
export interface SharedListener {
  /** No value has passed for a while. This end should confirm all packets, so that the other end can free its memory. */
  idle(): void;
  /** A value found no room, because there is too little memory. Called once. */
  short(): void;
}

/**
 * The shared files of one session. Frees their memory when no values pass, and tries again after a shortage. It owns the files and a timer.
 *
 * The way of a large value between the two ends of a `SessionLink`: the sender's outbox copies it into the sender's file (`RingWriter.put`),
 * and the packet has only its position (`Region`). When the receiver's inbox comes to that frame, it copies the value out of the file
 * (`RingReader.read`). The receiver's next acknowledgement then frees the region (`RingWriter.confirmed`). So a packet that is sent again
 * over a new connection still finds its value: a receiver acknowledges a packet only when it was read to its end. A value that finds no
 * room in the file goes into the packet, as without shared memory.
 */
export class SharedSession {
  readonly #incoming: RingReader;
  readonly #outgoing: RingWriter;
  readonly #clock: Clock;
  readonly #listener: SharedListener;
  #active = false;
  #told = false;
  #stopTimer: (() => void) | undefined;
  #closed = false;

  constructor({ incoming, outgoing }: SharedFiles, clock: Clock, listener: SharedListener) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#clock = clock;
    this.#listener = listener;
    outgoing.watch({ used: this.#used, short: this.#short });
  }

  /** Makes `inbox` read the other end's values. */
  receive(inbox: Inbox): void {
    inbox.share(this.#incoming, this.#used);
  }

  /** Makes `outbox` write its large values into the file of this end. Returns `outbox`. */
  send(outbox: Outbox): Outbox {
    outbox.share(this.#outgoing);
    return outbox;
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTimer?.();
    this.#outgoing.close();
    this.#incoming.close();
  }

  /** A value passes, in either direction. */
  readonly #used = (): void => {
    this.#active = true;
    this.#arm();
  };

  #arm(): void {
    if (!this.#closed) this.#stopTimer ??= this.#clock.after(idleAfter, this.#look);
  }

  readonly #look = (): void => {
    this.#stopTimer = undefined;
    this.#outgoing.growAgain();
    const active = this.#active;
    this.#active = false;
    if (!active) this.#listener.idle();
    if (active || !this.#outgoing.release()) this.#arm();
  };

  readonly #short = (): void => {
    this.#arm();
    if (this.#told) return;
    this.#told = true;
    this.#listener.short();
  };
}

/**
 * Opens, in a runner, the files that the parent has made, and removes their names. Undefined if they are out of reach, for example on
 * another host.
 */
export function joinShared({ path, size, above }: SharedMemoryInfo): SharedFiles | undefined {
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
    // This folder exists even when the parent's folder was removed.
    const folder = dirname(dirname(path));
    return {
      outgoing: new RingWriter(outgoing, size, above, () => roomIn(folder)),
      incoming: new RingReader(openFile(`${path}.${other}`, flags), size),
    };
  } catch (error) {
    closeSync(outgoing);
    throw error;
  }
}

/** Opens a file of this user. Does not follow a symbolic link, and does not wait for the other end of a named pipe. */
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

/** By how many bytes the files in `folder` may grow; negative when they have used too much already. */
export function roomIn(folder: string): number {
  try {
    const { bsize, blocks, bavail } = statfsSync(folder);
    const half = (blocks * bsize) / 2;
    // A memory file system without a size limit reports 0 blocks.
    return blocks === 0 ? Infinity : bavail * bsize - (folder === memoryFolder ? half : Math.min(half, leftOfDisk));
  } catch {
    // The free room is unknown: let the file try to grow.
    return Infinity;
  }
}

function found(folder: string): string {
  try {
    const { bsize, blocks, bavail } = statfsSync(folder);
    const size = (count: number): string => `${Math.round((count * bsize) / 1024 / 1024)} MiB`;
    return `${folder} has ${size(blocks)}, of which ${size(bavail)} are free; half of it stays free for other programs`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Makes a folder with mode 0700. Removes the folders of this user's parents that were killed before they could remove them. */
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
