import type { Frame } from '../core/frame.js';
import { readFrame } from './frame-reader.js';
import { enterFrame } from './packet-bytes.js';
import { ProtoReader } from './proto-reader.js';
import { Violation } from './violation.js';
import type { PartFrame } from './wire-frame.js';

/** More than an outbox ever has under way. */
const lanesAtMost = 64;
/** What a frame may hold beside its value. */
const besideValue = 1024 * 1024;

/** Who gets what an inbox takes out of packets. */
export interface InboxReader {
  frame(frame: Frame): void;
  close(reason: string): void;
}

/**
 * Takes frames out of packets and joins those that came in parts. Bounded: no value larger than `maxPayload`, no more
 * than 64 values in the making.
 */
export class Inbox {
  readonly #reader: InboxReader;
  readonly #maxPayload: number;
  readonly #lanes = new Map<number, { bytes: Buffer; filled: number }>();

  constructor(maxPayload: number, reader: InboxReader) {
    this.#maxPayload = maxPayload;
    this.#reader = reader;
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
      if (frame.kind === 'close') {
        this.#reader.close(frame.reason);
        break;
      }
      if (frame.kind !== 'part') this.#reader.frame(frame);
      else this.#join(frame);
    }
    return count;
  }

  #join({ lane: number, total, bytes }: PartFrame): void {
    const lane = total === 0 ? this.#lanes.get(number) : this.#open(number, total);
    if (lane === undefined) throw new Violation(`a part of lane ${number}, which is not open`);
    if (bytes.length > lane.bytes.length - lane.filled) throw new Violation(`lane ${number} holds more than it announced`);
    lane.bytes.set(bytes, lane.filled);
    lane.filled += bytes.length;
    if (lane.filled < lane.bytes.length) return;
    this.#lanes.delete(number);
    const frame = readFrame(new ProtoReader(lane.bytes), lane.bytes.length);
    if (frame.kind === 'part' || frame.kind === 'close') throw new Violation(`lane ${number} holds a ${frame.kind}`);
    this.#reader.frame(frame);
  }

  #open(number: number, total: number): { bytes: Buffer; filled: number } {
    if (this.#lanes.has(number)) throw new Violation(`lane ${number} was opened twice`);
    if (this.#lanes.size >= lanesAtMost) throw new Violation(`more than ${lanesAtMost} large values at once`);
    if (total > this.#maxPayload + besideValue)
      throw new Violation(`a value of ${total} bytes is larger than maxPayload, ${this.#maxPayload} bytes`);
    // Not zero-filled: pages that nothing was written to cost nothing, so a false announcement does not either.
    const lane = { bytes: Buffer.allocUnsafeSlow(total), filled: 0 };
    this.#lanes.set(number, lane);
    return lane;
  }
}
