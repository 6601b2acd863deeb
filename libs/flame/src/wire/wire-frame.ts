import type { Frame } from '../core/frame.js';

/** What travels in a packet: the frames of the session's users, and the wire's own. */
export type WireFrame = Frame | PartFrame | CloseFrame;

/** A piece of the bytes of a frame that is too large for one packet. `total` is the whole's length on the first piece, else 0. */
export interface PartFrame {
  kind: 'part';
  lane: number;
  total: number;
  bytes: Uint8Array;
}

/** The sender ends the session; nothing follows. */
export interface CloseFrame {
  kind: 'close';
  reason: string;
}
