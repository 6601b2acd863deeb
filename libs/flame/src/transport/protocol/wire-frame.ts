import type { CarriedTrace } from '../../core/call/call-tracer.js';
import type { CancelCause, Frame, CallMode } from '../../core/session/frame.js';

/** A frame of a packet: a frame of the session's users, or a frame of the transport itself. */
export type WireFrame = Frame | ChunkFrame | SharedFrame | SharingFrame | ShortFrame | CloseFrame;

/**
 * A chunk of the bytes of a frame that is too large for one packet. `id` counts the sender's chunked frames. `total` is the frame's length
 * on the first chunk, else 0.
 */
export interface ChunkFrame {
  type: 'chunk';
  id: number;
  total: number;
  bytes: Uint8Array;
}

/** A frame whose payload is in the shared file of the sender: `length` bytes at offset `at`. `head` is the frame without its payload. */
export interface SharedFrame {
  type: 'shared';
  at: number;
  length: number;
  head: Uint8Array;
}

/** The runner has opened the shared files. From now on the parent may write to its own file. */
export interface SharingFrame {
  type: 'sharing';
}

/** The shared file of the sender had no memory for a value, so the value follows in packets. */
export interface ShortFrame {
  type: 'short';
}

/** The sender ends the session. No frame follows. */
export interface CloseFrame {
  type: 'close';
  reason: string;
}

const varint = 0;
const fixed64 = 1;
const blob = 2;

/** The tags of `flame.v1.Packet`. */
export const packetTags = {
  hello: (1 << 3) | blob,
  welcome: (2 << 3) | blob,
  seq: (3 << 3) | varint,
  ack: (4 << 3) | varint,
  frames: (5 << 3) | blob,
} as const;

/** The tags of `flame.v1.Frame`. The number before the shift is the field's number in `runners.proto`. */
export const tags = {
  kind: (1 << 3) | varint,
  id: (2 << 3) | varint,
  handler: (3 << 3) | varint,
  payload: (4 << 3) | blob,
  time: (5 << 3) | fixed64,
  mode: (6 << 3) | varint,
  linked: (7 << 3) | varint,
  attempt: (8 << 3) | varint,
  held: (9 << 3) | varint,
  stream: (10 << 3) | varint,
  count: (11 << 3) | varint,
  text: (12 << 3) | blob,
  code: (13 << 3) | blob,
  ran: (14 << 3) | blob,
  cause: (15 << 3) | varint,
  yes: (16 << 3) | varint,
  resource: (17 << 3) | varint,
  context: (18 << 3) | blob,
  child: (19 << 3) | varint,
  method: (20 << 3) | blob,
  trace: (21 << 3) | blob,
  span: (22 << 3) | blob,
  tracks: (23 << 3) | varint,
  position: (24 << 3) | varint,
} as const;

/** `flame.v1.Kind`. */
export const kinds = {
  call: 1,
  cancel: 2,
  ask: 3,
  leave: 4,
  release: 5,
  return: 6,
  throw: 7,
  refuse: 8,
  accept: 9,
  ended: 10,
  progress: 11,
  consent: 12,
  leaving: 13,
  tainted: 14,
  log: 15,
  stats: 16,
  item: 17,
  end: 18,
  credit: 19,
  stop: 20,
  probe: 21,
  probed: 22,
  position: 23,
  chunk: 30,
  close: 31,
  shared: 32,
  sharing: 33,
  short: 34,
} as const satisfies Record<WireFrame['type'], number>;

/** `flame.v1.Mode`, by its numbers. */
export const modes: readonly CallMode[] = ['call', 'cast', 'child'];

/** `flame.v1.CancelCause`, by its numbers. */
export const causes: readonly CancelCause[] = ['timeout', 'caller', 'leaving'];

/** The payload of a frame: the only part that may be large. */
export function payloadOf(frame: WireFrame): Uint8Array | undefined {
  switch (frame.type) {
    case 'call':
      return frame.args;
    case 'return':
    case 'progress':
    case 'item':
      return frame.value;
    case 'throw':
    case 'end':
      return frame.error;
    case 'chunk':
      return frame.bytes;
    case 'shared':
      return frame.head;
    default:
      return undefined;
  }
}

/** The approximate size of a frame in bytes, without its numbers. */
export function weightOf(frame: WireFrame): number {
  const payload = payloadOf(frame)?.length ?? 0;
  switch (frame.type) {
    case 'call':
      return payload + (frame.context?.length ?? 0) + lengthOf(frame.trace);
    case 'log':
    case 'stats':
    case 'position':
      return frame.text.length;
    case 'cancel':
    case 'leave':
    case 'refuse':
    case 'ended':
    case 'leaving':
    case 'tainted':
      return frame.reason.length;
    default:
      return payload;
  }
}

function lengthOf(trace: CarriedTrace | undefined): number {
  if (typeof trace !== 'object') return trace?.length ?? 0;
  return trace.traceId.length + trace.spanId.length;
}
