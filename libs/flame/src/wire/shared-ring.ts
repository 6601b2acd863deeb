import { closeSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { Violation } from './violation.js';

/** A place in the other end's file. */
export interface Region {
  readonly at: number;
  readonly length: number;
}

/** A file keeps no more pages than these once it is empty. */
const keptBytes = 16 * 1024 * 1024;

/**
 * A file of one end of a session that the other end can read: a ring of values on their way. It owns its descriptor. A region is free when the packet that
 * tells of it is confirmed, so that what is sent again after a cut is still there.
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
  #broken = false;

  constructor(fd: number, size: number, above: number) {
    this.#fd = fd;
    this.#size = size;
    this.above = above;
  }

  /** Copies bytes into the ring; undefined when it has no room for them, or the system gives none. */
  put(bytes: Uint8Array): Region | undefined {
    const { length } = bytes;
    const at = this.#room(length);
    if (at < 0) return undefined;
    try {
      for (let done = 0; done < length;) done += writeSync(this.#fd, bytes, done, length - done, at + done);
    } catch {
      // The system has no memory for it; from now on all goes over the stream.
      this.#broken = true;
      return undefined;
    }
    this.#next = at + length;
    this.#written = Math.max(this.#written, this.#next);
    this.#used.push({ at, length, seq: Infinity });
    this.#unsealed++;
    this.backlog += length;
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
    if (this.#used.length > 0 || this.#written <= keptBytes || this.#broken) return;
    ftruncateSync(this.#fd);
    this.#written = 0;
  }

  close(): void {
    this.#broken = true;
    closeSync(this.#fd);
  }

  /** Where so many bytes in a row are free, or -1. An empty ring starts over: where it was written last, the caches are warm. */
  #room(length: number): number {
    if (this.#broken || length > this.#size / 2) return -1;
    const first = this.#used[0];
    if (first === undefined) return 0;
    if (this.#next <= first.at) return this.#next + length < first.at ? this.#next : -1;
    if (this.#next + length <= this.#size) return this.#next;
    return length < first.at ? 0 : -1;
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
