import { closeSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { Violation } from '../protocol/protobuf.js';

/** A place in the other end's file. */
export interface Region {
  readonly at: number;
  readonly length: number;
}

/** A file keeps no more pages than these once it is empty. */
const keptBytes = 16 * 1024 * 1024;
/** A file grows in steps of so many bytes, so that several that grow at once notice each other. */
const growthStep = 1024 * 1024;

/** Hears of what a ring does. */
export interface RingWatcher {
  /** A value was put into it. */
  used(): void;
  /** A value found no room, as the place of the files is short of it. */
  short(): void;
}

/**
 * A file of one end of a session that the other end can read: a ring of values on their way. It owns its descriptor. A region is free when
 * the packet that tells of it is confirmed, so that what is sent again after a cut is still there.
 */
export class RingWriter {
  readonly #fd: number;
  readonly #size: number;
  /** Values of so many bytes are worth it. */
  readonly above: number;
  /** Regions in use, oldest first, with the number of the packet that tells of each: Infinity before that has left. */
  readonly #used: { at: number; length: number; seq: number }[] = [];
  #unsealed = 0;
  /** Bytes of which no packet tells yet. */
  backlog = 0;
  #next = 0;
  /** The file's length. */
  #written = 0;
  readonly #room: () => number;
  /** Growing has failed, and is not tried again before `growAgain`. */
  #short = false;
  #closed = false;
  #watcher: RingWatcher = { used: () => {}, short: () => {} };

  /** `room` says by how many bytes files may grow there; less than 0 when they have grown too much. */
  constructor(fd: number, size: number, above: number, room: () => number = () => Infinity) {
    this.#fd = fd;
    this.#size = size;
    this.above = above;
    this.#room = room;
  }

  watch(watcher: RingWatcher): void {
    this.#watcher = watcher;
  }

  /** Copies bytes into the ring; undefined when it has no room for them, or the system gives none. */
  put(bytes: Uint8Array): Region | undefined {
    const { length } = bytes;
    const at = this.#place(length);
    if (at < 0 || !this.#write(bytes, at)) {
      if (this.#short) this.#watcher.short();
      return undefined;
    }
    this.#next = at + length;
    this.#used.push({ at, length, seq: Infinity });
    this.#unsealed++;
    this.backlog += length;
    this.#watcher.used();
    return { at, length };
  }

  /** Of the regions that no packet tells of yet, the oldest `count` are in packet `seq`. */
  seal(seq: number, count: number): void {
    const from = this.#used.length - this.#unsealed;
    for (const region of this.#used.slice(from, from + count)) {
      region.seq = seq;
      this.backlog -= region.length;
    }
    this.#unsealed -= count;
  }

  /** The other end has taken in all packets up to `seq`. */
  confirmed(seq: number): void {
    while (this.#used.length > 0 && this.#used[0]!.seq <= seq) this.#used.shift();
    if (this.#written > keptBytes) this.release();
  }

  /** Gives back the pages of an empty ring. Says whether none are left. */
  release(): boolean {
    if (this.#closed) return true;
    if (this.#used.length > 0) return false;
    if (this.#written > 0) ftruncateSync(this.#fd);
    this.#written = 0;
    return true;
  }

  /** Lets the file try to grow after a shortage. */
  growAgain(): void {
    this.#short = false;
  }

  close(): void {
    this.#closed = true;
    closeSync(this.#fd);
  }

  /** Where so many bytes in a row are free, or -1. An empty ring starts over: where it was written last, the caches are warm. */
  #place(length: number): number {
    if (this.#closed || length > this.#size / 2) return -1;
    const first = this.#used[0];
    if (first === undefined) return this.#reaches(length) ? 0 : -1;
    const end = this.#next + length;
    if (this.#next <= first.at) return end < first.at ? this.#next : -1;
    if (end <= this.#size && this.#reaches(end)) return this.#next;
    return length < first.at ? 0 : -1;
  }

  /** Whether the file is as long as that, or may become so. */
  #reaches(end: number): boolean {
    if (end <= this.#written) return true;
    this.#short ||= this.#room() < end - this.#written;
    return !this.#short;
  }

  /** False when the system has no memory for it: then the file is as long as it was. */
  #write(bytes: Uint8Array, at: number): boolean {
    const { length } = bytes;
    const before = this.#written;
    try {
      for (let done = 0; done < length;) {
        const old = before - (at + done);
        done += writeSync(this.#fd, bytes, done, Math.min(length - done, old > 0 ? old : growthStep), at + done);
        if (old <= 0 && this.#room() < 0) return this.#takeBack(before);
      }
    } catch {
      // No memory, or a quota, whatever the system said of room.
      return this.#takeBack(before);
    }
    this.#written = Math.max(before, at + length);
    return true;
  }

  #takeBack(before: number): false {
    this.#short = true;
    ftruncateSync(this.#fd, before);
    return false;
  }
}

/** The file of the other end, which may have written, or cut off, what it likes. It owns its descriptor. */
export class RingReader {
  readonly #fd: number;
  readonly #size: number;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.#size = size;
  }

  /** The bytes of a region, in memory of their own. @throws {Violation} when they are not there. */
  read({ at, length }: Region): Buffer {
    if (at + length > this.#size) throw new Violation(`a shared value of ${length} bytes at ${at}, beyond the end`);
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length;) {
      const count = readSync(this.#fd, bytes, done, length - done, at + done);
      if (count === 0) throw new Violation(`a shared value of ${length} bytes at ${at}, of which only ${done} are there`);
      done += count;
    }
    return bytes;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
