import { closeSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { Violation } from '../protocol/protobuf.js';

/** A value's position in the file of the end that sends it. */
export interface Region {
  readonly at: number;
  readonly length: number;
}

/** A larger file is truncated as soon as it is empty. */
const keptBytes = 16 * 1024 * 1024;
/**
 * A file grows in steps of this many bytes and checks the free room after each step, so that files that grow at the same time notice each
 * other.
 */
const growthStep = 1024 * 1024;

/** Gets the events of a ring. */
export interface RingWatcher {
  /** A value was written. */
  used(): void;
  /** A value found no room, because the folder of the files has too little. */
  short(): void;
}

/**
 * The file of one end of a session, which the other end can read: a ring of values in transit. It owns its descriptor. A region is free
 * when the packet that names it is confirmed, so values that are sent again after a cut are still there.
 *
 * A region's life: `put` copies a value in, `seal` notes the packet that names it, `confirmed` frees it. Regions are used and freed in the
 * same order, so the free room is what lies between the newest region and the oldest, around the end of the file.
 */
export class RingWriter {
  readonly #fd: number;
  readonly #size: number;
  /** Values of at least this many bytes use the ring. */
  readonly above: number;
  /** Regions in use, oldest first. `seq` is the number of the packet that names the region; Infinity until it leaves. */
  readonly #used: { at: number; length: number; seq: number }[] = [];
  #unsealed = 0;
  /** Bytes in regions that no packet names yet. */
  backlog = 0;
  #next = 0;
  /** The file's length. */
  #written = 0;
  readonly #room: () => number;
  /** The file could not grow. It does not try again before `growAgain`. */
  #short = false;
  #closed = false;
  #watcher: RingWatcher = { used: () => {}, short: () => {} };

  /** `room` returns by how many bytes the files in the folder may grow; negative when they have used too much already. */
  constructor(fd: number, size: number, above: number, room: () => number = () => Infinity) {
    this.#fd = fd;
    this.#size = size;
    this.above = above;
    this.#room = room;
  }

  watch(watcher: RingWatcher): void {
    this.#watcher = watcher;
  }

  /** Copies bytes into the ring. Undefined when the ring has no room for them, or the system has no memory. */
  put(bytes: Uint8Array): Region | undefined {
    const { length } = bytes;
    const at = this.#find(length);
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

  /** Packet `seq` names the oldest `count` of the regions that no packet names yet. */
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

  /** Frees the pages of an empty ring. True when the file has no pages left. */
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

  /** Where `length` bytes in a row are free, or -1. An empty ring starts again at its beginning, where the caches are warm. */
  #find(length: number): number {
    if (this.#closed || length > this.#size / 2) return -1;
    const first = this.#used[0];
    if (first === undefined) return this.#reaches(length) ? 0 : -1;
    const end = this.#next + length;
    if (this.#next <= first.at) return end < first.at ? this.#next : -1;
    if (end <= this.#size && this.#reaches(end)) return this.#next;
    return length < first.at ? 0 : -1;
  }

  /** True if the file has `end` bytes or may grow to them. */
  #reaches(end: number): boolean {
    if (end <= this.#written) return true;
    this.#short ||= this.#room() < end - this.#written;
    return !this.#short;
  }

  /** False when the system has no memory for the bytes. The file then keeps its old length. */
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
      // No memory, or a quota, although the system reported room.
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

/** The file that the other end writes. The other end may have written any bytes, or truncated it. It owns its descriptor. */
export class RingReader {
  readonly #fd: number;
  readonly #size: number;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.#size = size;
  }

  /** Copies a region into new memory. @throws {Violation} when its bytes are not there. */
  read({ at, length }: Region): Buffer {
    if (at + length > this.#size) throw new Violation(`a shared value of ${length} bytes at ${at}, beyond the end`);
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length;) {
      const count = readSync(this.#fd, bytes, done, length - done, at + done);
      if (count === 0) throw new Violation(`a shared value of ${length} bytes at ${at}, of which only ${done} have arrived`);
      done += count;
    }
    return bytes;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
