import type { CarriedTrace } from '../../core/call/call-tracer.js';
import { type Memory, ProtoWriter, varintLength } from './protobuf.js';
import { causes, kinds, modes, packetTags, payloadOf, tags, type WireFrame } from './wire-frame.js';

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

function numbersLength(seq: number, ack: number): number {
  return (seq === 0 ? 0 : 1 + varintLength(seq)) + (ack === 0 ? 0 : 1 + varintLength(ack));
}

function writeNumbers(out: ProtoWriter, seq: number, ack: number): void {
  if (seq !== 0) {
    out.bytes[out.at++] = packetTags.seq;
    out.varint(seq);
  }
  if (ack !== 0) {
    out.bytes[out.at++] = packetTags.ack;
    out.varint(ack);
  }
}

/** Room for the tag of a frame, its length, and the numbers of any kind of frame. */
const headRoom = 160;

/** Appends a frame to a packet. */
export function writeFrame(out: ProtoWriter, frame: WireFrame): void {
  const payload = payloadOf(frame);
  writeAround(out, frame, payload?.length);
  if (payload === undefined) return;
  out.reserve(payload.length);
  out.raw(payload);
}

/** Appends a frame whose payload is in several pieces to a packet. */
function writePieces(out: ProtoWriter, frame: WireFrame, pieces: readonly Uint8Array[]): void {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  writeAround(out, frame, length);
  out.reserve(length);
  for (const piece of pieces) out.raw(piece);
}

/** Appends a frame without the bytes of its payload. These must follow. */
function writeAround(out: ProtoWriter, frame: WireFrame, payload: number | undefined): void {
  out.reserve(headRoom);
  out.bytes[out.at++] = packetTags.frames;
  const start = out.at++;
  writeHead(out, frame, payload);
  const head = out.at - start - 1;
  const length = head + (payload ?? 0);
  // One byte was left for the length. If the length needs more, only the head moves, because the payload is not written yet.
  const more = varintLength(length) - 1;
  if (more > 0) {
    out.reserve(more);
    out.bytes.copyWithin(start + 1 + more, start + 1, out.at);
  }
  out.at = start;
  out.varint(length);
  out.at += head;
}

/** Writes a frame without the bytes of its payload, which must follow. So a large payload is sent without a copy. */
export function writeHead(out: ProtoWriter, frame: WireFrame, payload = payloadOf(frame)?.length): void {
  writeBare(out, frame);
  if (payload === undefined) return;
  out.reserve(11);
  out.bytes[out.at++] = tags.payload;
  out.varint(payload);
}

/** Writes a frame without its payload. `withPayload` in `packet-reader.ts` adds the payload again. */
export function writeBare(out: ProtoWriter, frame: WireFrame): void {
  out.reserve(headRoom);
  out.bytes[out.at++] = tags.kind;
  out.bytes[out.at++] = kinds[frame.type];
  writeFields(out, frame);
}

function writeFields(out: ProtoWriter, frame: WireFrame): void {
  switch (frame.type) {
    case 'call':
      out.uint(tags.id, frame.id);
      out.uint(tags.handler, frame.handler);
      out.double(tags.time, frame.handlerTimeout);
      out.uint(tags.mode, modes.indexOf(frame.mode));
      out.bool(tags.linked, frame.linked);
      out.uint(tags.attempt, frame.attempt);
      if (frame.context !== undefined) out.blob(tags.context, frame.context);
      if (frame.trace !== undefined) writeTrace(out, frame.trace);
      if (frame.child !== undefined) writePresent(out, tags.child, frame.child);
      if (frame.method !== undefined) out.string(tags.method, frame.method);
      if (frame.tracks !== undefined) writePresent(out, tags.tracks, frame.tracks ? 1 : 0);
      if (frame.position) out.bool(tags.position, true);
      return;
    case 'cancel':
      out.uint(tags.id, frame.id);
      out.uint(tags.cause, causes.indexOf(frame.cause));
      out.string(tags.text, frame.reason);
      return;
    case 'leave':
      out.double(tags.time, frame.grace);
      out.string(tags.text, frame.reason);
      return;
    case 'release':
      out.uint(tags.id, frame.id);
      out.uint(tags.resource, frame.resource);
      return;
    case 'return':
    case 'throw':
      out.uint(tags.id, frame.id);
      out.bool(tags.held, frame.held);
      return;
    case 'refuse':
      out.uint(tags.id, frame.id);
      out.string(tags.code, frame.code);
      out.string(tags.ran, frame.ran);
      out.string(tags.text, frame.reason);
      out.bool(tags.held, frame.held);
      return;
    case 'ended':
      out.uint(tags.id, frame.id);
      out.string(tags.text, frame.reason);
      if (frame.byItself) out.bool(tags.yes, true);
      return;
    case 'position':
      out.uint(tags.id, frame.id);
      out.bool(tags.yes, frame.known);
      out.string(tags.text, frame.text);
      return;
    case 'consent':
      out.bool(tags.yes, frame.yes);
      return;
    case 'leaving':
    case 'tainted':
    case 'close':
      out.string(tags.text, frame.reason);
      return;
    case 'log':
      out.uint(tags.id, frame.id);
      out.string(tags.code, frame.level);
      out.string(tags.text, frame.text);
      if (frame.time !== undefined) out.double(tags.time, frame.time);
      return;
    case 'stats':
      out.string(tags.text, frame.text);
      return;
    case 'probed':
      out.uint(tags.id, frame.id);
      out.double(tags.time, frame.time);
      return;
    case 'item':
    case 'end':
    case 'stop':
      out.uint(tags.id, frame.id);
      out.uint(tags.stream, frame.stream);
      return;
    case 'credit':
      out.uint(tags.id, frame.id);
      out.uint(tags.stream, frame.stream);
      out.uint(tags.count, frame.count);
      return;
    case 'accept':
    case 'progress':
    case 'probe':
      out.uint(tags.id, frame.id);
      return;
    case 'chunk':
      out.uint(tags.id, frame.id);
      out.uint(tags.count, frame.total);
      return;
    case 'shared':
      out.uint(tags.resource, frame.at);
      out.uint(tags.count, frame.length);
      return;
    case 'ask':
    case 'sharing':
    case 'short':
      return;
  }
}

function writeTrace(out: ProtoWriter, trace: CarriedTrace): void {
  if (typeof trace === 'string') return out.string(tags.trace, trace);
  out.string(tags.trace, trace.traceId);
  out.string(tags.span, trace.spanId);
}

/** Writes a number even if it is 0, because its presence has a meaning. */
function writePresent(out: ProtoWriter, tag: number, value: number): void {
  out.reserve(20);
  out.varint(tag);
  out.varint(value);
}
