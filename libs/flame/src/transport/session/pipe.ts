import type { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../../core/clock.js';
import type { LinkEnd } from './link.js';

/** One connection of a session: packets in order, until it breaks. */
export interface Pipe {
  /** `written` is called when the packet has been handed to the system and the next one may come. */
  write(packet: Buffer, written: () => void): void;
  /** Ends politely, after what was written. Idempotent. */
  end(): void;
  /** Ends at once; `reason` is for the other end, if it still listens. Idempotent. */
  destroy(reason: string): void;
}

/** Options of a `SessionLink`. */
export interface SessionLinkOptions {
  /** The other end, for texts. */
  readonly peer: string;
  readonly clock: Clock;
  /** The context in which the receiver is called, whatever the context is in which something was sent, read or opened. */
  readonly scope: AsyncResource;
  /** The largest value that may come in, in bytes. */
  readonly maxPayload: number;
  /** How long a broken connection may take to come back. */
  readonly reconnectTimeout: number;
  /** How long the other end may take, over a connection, to confirm `close`. @default reconnectTimeout */
  readonly closeTimeout?: number;
  /** The connection broke; a dialing end starts over. */
  readonly onSuspended?: (why: string) => void;
  readonly onEnded?: (end: LinkEnd) => void;
  /** There is too little shared memory, at this end or the other. */
  readonly onShort?: (() => void) | undefined;
}
