import { writeFrame, writePieces } from './frame-writer.js';
import { type Memory, ProtoReader, ProtoWriter, Violation, varintLength } from './protobuf.js';
import type { WireFrame } from './wire-frame.js';

/** What gRPC does with a packet on its way out and in: nothing, because packets are encoded and decoded here. */
export const asIs = (packet: Buffer): Buffer => packet;

/** The tags of `flame.v1.Packet`. */
const tags = { hello: (1 << 3) | 2, welcome: (2 << 3) | 2, seq: (3 << 3) | 0, ack: (4 << 3) | 0, frames: (5 << 3) | 2 } as const;

/** The most bytes that `seq` and `ack` take. */
const front = 18;

/** A packet that is being filled with frames. Its numbers are written last, into free room at the front, so that no bytes move. */
export class PacketDraft {
  readonly #out: ProtoWriter;
  /** The number of frames with a payload in shared memory. */
  shared = 0;

  constructor(room = 238, memory?: Memory) {
    this.#out = new ProtoWriter(room, front, memory);
  }

  /** The bytes of all frames so far. */
  get length(): number {
    return this.#out.at - front;
  }

  reserve(length: number): void {
    this.#out.reserve(length);
  }

  add(frame: WireFrame): void {
    writeFrame(this.#out, frame);
  }

  /** Adds a frame whose payload is in several pieces. */
  addPieces(frame: WireFrame, pieces: readonly Uint8Array[]): void {
    writePieces(this.#out, frame, pieces);
  }

  /** Returns the bytes of the packet. The draft is not used after this. */
  seal(seq: number, ack: number): Buffer {
    const out = this.#out;
    const end = out.at;
    const start = front - numbersLength(seq, ack);
    out.at = start;
    writeNumbers(out, seq, ack);
    return out.bytes.subarray(start, end);
  }
}

/** A packet that only acknowledges. */
export function ackPacket(ack: number): Buffer {
  return new PacketDraft(0).seal(0, ack);
}

/** Reads the numbers of a packet and leaves the reader at its frames. @throws {Violation} */
export function readNumbers(from: ProtoReader): { seq: number; ack: number } {
  let seq = 0;
  let ack = 0;
  while (!from.done) {
    const before = from.at;
    const tag = from.varint();
    if (tag === tags.seq) seq = from.varint();
    else if (tag === tags.ack) ack = from.varint();
    else if (tag === tags.frames) {
      from.at = before;
      break;
    } else if (tag === tags.hello || tag === tags.welcome) throw new Violation('a second introduction');
    else from.skip(tag);
  }
  return { seq, ack };
}

/** Moves to the next frame of a packet. Returns the end of the frame; undefined after the last frame. @throws {Violation} */
export function enterFrame(from: ProtoReader): number | undefined {
  while (!from.done) {
    const tag = from.varint();
    if (tag === tags.frames) return from.length() + from.at;
    if (tag < tags.frames) throw new Violation('a packet has its numbers after its frames');
    from.skip(tag);
  }
  return undefined;
}

/** A packet with only a `hello` or a `welcome`. */
export function introductionPacket(kind: 'hello' | 'welcome', content: Uint8Array): Buffer {
  const out = new ProtoWriter(content.length + 8);
  out.blob(tags[kind], content);
  return out.bytes.subarray(0, out.at);
}

/** Reads the bytes of `hello` or `welcome` from a packet that must hold only that. @throws {Violation} */
export function readIntroduction(kind: 'hello' | 'welcome', packet: Uint8Array): Buffer {
  const from = new ProtoReader(packet);
  if (from.done || from.varint() !== tags[kind]) throw new Violation(`the first packet is not a ${kind}`);
  const content = from.blob();
  if (!from.done) throw new Violation(`the first packet holds more than a ${kind}`);
  return content;
}

function numbersLength(seq: number, ack: number): number {
  return (seq === 0 ? 0 : 1 + varintLength(seq)) + (ack === 0 ? 0 : 1 + varintLength(ack));
}

function writeNumbers(out: ProtoWriter, seq: number, ack: number): void {
  if (seq !== 0) {
    out.bytes[out.at++] = tags.seq;
    out.varint(seq);
  }
  if (ack !== 0) {
    out.bytes[out.at++] = tags.ack;
    out.varint(ack);
  }
}
