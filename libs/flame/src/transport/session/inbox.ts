import type { Frame } from '../../core/session/frame.js';
import { IdMap } from '../../core/session/id-map.js';
import { readFrame, withPayload } from '../protocol/frame-reader.js';
import { enterFrame } from '../protocol/packet-bytes.js';
import { ProtoReader } from '../protocol/proto-reader.js';
import { Violation } from '../protocol/violation.js';
import { youngGeneration } from './young-generation.js';
import type { RingReader } from './shared-ring.js';
import type { PartFrame, SharedFrame, WireFrame } from '../protocol/wire-frame.js';

/** More than an outbox ever has under way. */
const lanesAtMost = 64;
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
 * Takes frames out of packets and joins those that came in parts. Bounded: no value larger than `maxPayload`, no more
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
  readonly #lanes = new IdMap<{ bytes: Buffer; filled: number }>();

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
   * Hands over up to `limit` frames of a packet. `from` stands behind the packet's numbers, or where it was left the last time. Gives how many there
   * were: fewer than `limit` when it was read to its end. @throws {Violation} and what the reader throws.
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
      if (frame.type === 'part') this.#join(frame);
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
    if (frame.type === 'part' || frame.type === 'close' || frame.type === 'shared' || frame.type === 'sharing' || frame.type === 'short')
      throw new Violation(`${place} holds a ${frame.type}`);
    this.#reader.frame(frame);
  }

  #join({ lane: number, total, bytes }: PartFrame): void {
    if (total > 0) this.#admit(number, total);
    // All of it came at once, and need not be copied.
    if (total > 0 && bytes.length === total) return this.#whole(readFrame(new ProtoReader(bytes), total), `lane ${number}`);
    const lane = total === 0 ? this.#lanes.get(number) : this.#open(number, total);
    if (lane === undefined) throw new Violation(`a part of lane ${number}, which is not open`);
    if (bytes.length > lane.bytes.length - lane.filled) throw new Violation(`lane ${number} holds more than it announced`);
    lane.bytes.set(bytes, lane.filled);
    lane.filled += bytes.length;
    if (lane.filled < lane.bytes.length) return;
    this.#lanes.delete(number);
    this.#whole(readFrame(new ProtoReader(lane.bytes), lane.bytes.length), `lane ${number}`);
  }

  #admit(number: number, total: number): void {
    if (this.#lanes.has(number)) throw new Violation(`lane ${number} was opened twice`);
    if (this.#lanes.size >= lanesAtMost) throw new Violation(`more than ${lanesAtMost} large values at once`);
    if (total > this.#maxPayload + besideValue) throw tooLarge(total, this.#maxPayload);
  }

  #open(number: number, total: number): { bytes: Buffer; filled: number } {
    // Not zero-filled: pages that nothing was written to cost nothing, so a false announcement does not either.
    const lane = { bytes: Buffer.allocUnsafeSlow(total), filled: 0 };
    this.#lanes.set(number, lane);
    return lane;
  }
}

function tooLarge(length: number, maxPayload: number): Violation {
  return new Violation(`a value of ${length} bytes is larger than maxPayload, ${maxPayload} bytes`);
}
