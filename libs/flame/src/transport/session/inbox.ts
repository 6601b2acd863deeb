import type { Frame } from '../../core/session/frame.js';
import { IdMap } from '../../core/session/id-map.js';
import { enterFrame, readFrame, withPayload } from '../protocol/packet-reader.js';
import { ProtoReader, Violation } from '../protocol/protobuf.js';
import { youngGeneration } from './large-values.js';
import type { RingReader } from './shared-ring.js';
import type { ChunkFrame, SharedFrame, WireFrame } from '../protocol/wire-frame.js';

/** The most chunked frames that are incomplete at a time. An outbox sends at most 16. */
const maxChunked = 64;
/** Bytes that a frame may hold in addition to its value. */
const besideValue = 1024 * 1024;

/** Receives the frames that an inbox takes out of packets. */
export interface InboxReader {
  frame(frame: Frame): void;
  close(reason: string): void;
  /** The other end reads from shared memory. */
  sharing?(): void;
  /** The other end has too little shared memory. */
  short?(): void;
}

/**
 * Takes frames out of packets and joins frames that arrive in chunks. Its memory is bounded: no value is larger than `maxPayload`, and at
 * most 64 values are incomplete.
 */
export class Inbox {
  readonly #reader: InboxReader;
  readonly #maxPayload: number;
  /** The file that the other end writes and this end reads. */
  #ring: RingReader | undefined;
  #onShared: () => void = () => {};
  /** Bytes read from shared memory, in total. */
  shared = 0;
  /** Large frames of which some chunks have arrived, by number. */
  readonly #chunked = new IdMap<{ bytes: Buffer; filled: number }>();

  constructor(maxPayload: number, reader: InboxReader) {
    this.#maxPayload = maxPayload;
    this.#reader = reader;
  }

  /** Reads shared values from `ring` from now on. `onShared` is called for each of them. */
  share(ring: RingReader, onShared: () => void): void {
    this.#ring = ring;
    this.#onShared = onShared;
  }

  /**
   * Passes frames of a packet to the reader, as many as `left` allows, and lessens it by them. `from` stands behind the packet's numbers, or
   * at the place where the last read stopped. Returns true when the packet was read to its end.
   * @throws {Violation} when the packet breaks the protocol; and any error of the reader.
   */
  read(from: ProtoReader, left: TurnLimit = { frames: Infinity, bytes: Infinity }): boolean {
    for (; left.frames > 0 && left.bytes > 0; left.frames--) {
      const end = enterFrame(from);
      if (end === undefined) return true;
      const frame = readFrame(from, end);
      if (frame.type === 'close') {
        this.#reader.close(frame.reason);
        return true;
      }
      if (frame.type === 'chunk') this.#join(frame);
      else if (frame.type === 'shared') this.#whole(this.#fetch(frame, left), 'shared memory');
      else if (frame.type === 'sharing') this.#reader.sharing?.();
      else if (frame.type === 'short') this.#reader.short?.();
      else this.#reader.frame(frame);
    }
    return from.done;
  }

  #fetch({ at, length, head }: SharedFrame, left: TurnLimit): WireFrame {
    if (this.#ring === undefined) throw new Violation('a value in shared memory, which this session does not have');
    if (length > this.#maxPayload) throw tooLarge(length, this.#maxPayload);
    left.bytes -= length;
    this.shared += length;
    youngGeneration.shared(length);
    this.#onShared();
    return withPayload(head, this.#ring.read({ at, length }));
  }

  /** A frame from chunks or from shared memory must be a frame of the session's users. */
  #whole(frame: WireFrame, place: string): void {
    if (frame.type === 'chunk' || frame.type === 'close' || frame.type === 'shared' || frame.type === 'sharing' || frame.type === 'short')
      throw new Violation(`${place} holds a ${frame.type}`);
    this.#reader.frame(frame);
  }

  #join({ id, total, bytes }: ChunkFrame): void {
    if (total > 0) this.#admit(id, total);
    // The frame arrived in one chunk and needs no copy.
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
    // The memory is not zero-filled. Pages that are never written cost nothing, so a false announcement costs nothing either.
    const chunked = { bytes: Buffer.allocUnsafeSlow(total), filled: 0 };
    this.#chunked.set(id, chunked);
    return chunked;
  }
}

function tooLarge(length: number, maxPayload: number): Violation {
  return new Violation(`a value of ${length} bytes is larger than maxPayload, ${maxPayload} bytes`);
}

/** The most and the fewest frames that an end reads in one turn. */
const most = 128;
const least = 8;
/** Bytes of values in shared memory after which an end reads on in the next turn. */
const mostBytes = 1024 * 1024;

/** What an end may still read in this turn of the event loop. The last frame may exceed `bytes`. */
export interface TurnLimit {
  frames: number;
  /** Bytes of values in shared memory. */
  bytes: number;
}

/**
 * How much an end reads in one turn of the event loop.
 *
 * An end that waits for answers reads half as many frames as answers are missing, between 8 and 128. The next calls of the first half leave
 * before this end reads the second half, and the other process works meanwhile. Otherwise all callers move in step, and one of two cores
 * always waits for the other. An end that only answers reads up to 128 frames. Smaller parts cost more in system calls than they gain.
 *
 * Gain (Node 26, values of 1 KiB, 64 callers): 157 thousand calls a second instead of 79.
 *
 * An end that only answers stops reading, too, when it has read 1 MiB of values from shared memory: the calls of these values begin before
 * the next values are read, so fewer values are alive at once, and V8 needs fewer full collections. Gain (arguments of 1 MiB, 16 callers): 2
 * to 3 times the calls under Node 26, 1.2 to 2 times under Node 20. Results gain nothing from it.
 */
export class TurnSize {
  /** Calls that this end has sent and that have no answer yet. */
  #awaited = 0;

  limit(): TurnLimit {
    if (this.#awaited === 0) return { frames: most, bytes: mostBytes };
    return { frames: Math.min(most, Math.max(least, this.#awaited >>> 1)), bytes: Infinity };
  }

  /** A frame leaves this end. */
  sent({ type }: Frame): void {
    if (type === 'call') this.#awaited++;
  }

  /** A frame has come in. */
  came({ type }: Frame): void {
    if (this.#awaited > 0 && (type === 'return' || type === 'throw' || type === 'refuse')) this.#awaited--;
  }
}
