import type { Frame } from '../../core/session/frame.js';

/** What travels in a packet: the frames of the session's users, and the wire's own. */
export type WireFrame = Frame | PartFrame | SharedFrame | SharingFrame | ShortFrame | CloseFrame;

/** A piece of the bytes of a frame that is too large for one packet. `total` is the whole's length on the first piece, else 0. */
export interface PartFrame {
  type: 'part';
  lane: number;
  total: number;
  bytes: Uint8Array;
}

/** A frame whose payload lies in the sender's shared file; `head` is the frame without it. */
export interface SharedFrame {
  type: 'shared';
  at: number;
  length: number;
  head: Uint8Array;
}

/** The runner has opened the shared files: the parent may use its own, too. */
export interface SharingFrame {
  type: 'sharing';
}

/** The sender's shared file found no memory for a value, which follows in the packets. */
export interface ShortFrame {
  type: 'short';
}

/** The sender ends the session; nothing follows. */
export interface CloseFrame {
  type: 'close';
  reason: string;
}
