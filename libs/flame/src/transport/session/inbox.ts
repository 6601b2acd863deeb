import type { Frame } from '../../core/session/frame.js';
import { IdMap } from '../../core/session/id-map.js';
import { readFrame, withPayload } from '../protocol/frame-reader.js';
import { enterFrame } from '../protocol/packet.js';
import { ProtoReader, Violation } from '../protocol/protobuf.js';
import { youngGeneration } from './young-generation.js';
import type { RingReader } from './shared-ring.js';
import type { ChunkFrame, SharedFrame, WireFrame } from '../protocol/wire-frame.js';

/** More than an outbox ever has under way. */
const maxChunked = 64;
/** What a frame may hold beside its value. */
const besideValue = 1024 * 1024;

/** Who gets what an inbox takes out of packets. */
export interface InboxReader {
  frame(frame: Frame): void;
  close(reason: string): void;
  /** The other end reads from shared memory. */
  sharing?(): void;
  /** The other end has too little shared memory. */
  short?(): void;
}

/**
 * Takes frames out of packets and joins those that came in chunks. Bounded: no value larger than `maxPayload`, no more
 * than 64 values in the making.
 */
export class Inbox {
  readonly #reader: InboxReader;
  readonly #maxPayload: number;
  /** The other end's shared file. */
  #ring: RingReader | undefined;
  #onShared: () => void = () => {};
  /** Bytes read from it, ever. */
  shared = 0;
  /** Large frames whose chunks are arriving, by their numbers. */
  readonly #chunked = new IdMap<{ bytes: Buffer; filled: number }>();

  constructor(maxPayload: number, reader: InboxReader) {
    this.#maxPayload = maxPayload;
    this.#reader = reader;
  }

  /** `onShared` is told of each value that is read from it. */
  share(ring: RingReader, onShared: () => void): void {
    this.#ring = ring;
    this.#onShared = onShared;
  }

  /**
   * Hands over up to `limit` frames of a packet. `from` stands behind the packet's numbers, or where it was left the last time. Gives how
   * many there were: fewer than `limit` when it was read to its end. @throws {Violation} and what the reader throws.
   */
  read(from: ProtoReader, limit = Infinity): number {
    let count = 0;
    for (; count < limit; count++) {
      const end = enterFrame(from);
      if (end === undefined) break;
      const frame = readFrame(from, end);
      if (frame.type === 'close') {
        this.#reader.close(frame.reason);
        break;
      }
      if (frame.type === 'chunk') this.#join(frame);
      else if (frame.type === 'shared') this.#whole(this.#fetch(frame), 'shared memory');
      else if (frame.type === 'sharing') this.#reader.sharing?.();
      else if (frame.type === 'short') this.#reader.short?.();
      else this.#reader.frame(frame);
    }
    return count;
  }

  #fetch({ at, length, head }: SharedFrame): WireFrame {
    if (this.#ring === undefined) throw new Violation('a value in shared memory, of which there is none');
    if (length > this.#maxPayload) throw tooLarge(length, this.#maxPayload);
    this.shared += length;
    youngGeneration.shared(length);
    this.#onShared();
    return withPayload(head, this.#ring.read({ at, length }));
  }

  /** What came in another way than as it is must be a frame of the session's users. */
  #whole(frame: WireFrame, place: string): void {
    if (frame.type === 'chunk' || frame.type === 'close' || frame.type === 'shared' || frame.type === 'sharing' || frame.type === 'short')
      throw new Violation(`${place} holds a ${frame.type}`);
    this.#reader.frame(frame);
  }

  #join({ id, total, bytes }: ChunkFrame): void {
    if (total > 0) this.#admit(id, total);
    // The frame came whole, and need not be copied.
    if (total > 0 && bytes.length === total) return this.#whole(readFrame(new ProtoReader(bytes), total), `chunked frame ${id}`);
    const chunked = total === 0 ? this.#chunked.get(id) : this.#open(id, total);
    if (chunked === undefined) throw new Violation(`a chunk of frame ${id}, which is not open`);
    if (bytes.length > chunked.bytes.length - chunked.filled) throw new Violation(`chunked frame ${id} holds more than it announced`);
    chunked.bytes.set(bytes, chunked.filled);
    chunked.filled += bytes.length;
    if (chunked.filled < chunked.bytes.length) return;
    this.#chunked.delete(id);
    this.#whole(readFrame(new ProtoReader(chunked.bytes), chunked.bytes.length), `chunked frame ${id}`);
  }

  #admit(id: number, total: number): void {
    if (this.#chunked.has(id)) throw new Violation(`chunked frame ${id} was opened twice`);
    if (this.#chunked.size >= maxChunked) throw new Violation(`more than ${maxChunked} large values at once`);
    if (total > this.#maxPayload + besideValue) throw tooLarge(total, this.#maxPayload);
  }

  #open(id: number, total: number): { bytes: Buffer; filled: number } {
    // The memory is not zero-filled: pages that are never written cost nothing, so a false announcement does not either.
    const chunked = { bytes: Buffer.allocUnsafeSlow(total), filled: 0 };
    this.#chunked.set(id, chunked);
    return chunked;
  }
}

function tooLarge(length: number, maxPayload: number): Violation {
  return new Violation(`a value of ${length} bytes is larger than maxPayload, ${maxPayload} bytes`);
}
