import type { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../../core/clock.js';
import type { LinkEnd } from './link.js';

/** One connection of a session: packets in order, until it breaks. */
export interface Pipe {
  /** Writes a packet. Calls `written` when the system has taken the packet and the pipe can take the next one. */
  write(packet: Buffer, written: () => void): void;
  /** Ends the connection after all written packets have left. Idempotent. */
  end(): void;
  /** Ends the connection at once. The other end gets `reason` if it still listens. Idempotent. */
  destroy(reason: string): void;
}

/** Options of a `SessionLink`. */
export interface SessionLinkOptions {
  /** Names the other end in error texts. */
  readonly peer: string;
  readonly clock: Clock;
  /** The async context in which the receiver is called, independent of the context of `send`, of a read or of `open`. */
  readonly scope: AsyncResource;
  /** The largest incoming value, in bytes. */
  readonly maxPayload: number;
  /** How long a broken connection may take to come back, in milliseconds. */
  readonly reconnectTimeout: number;
  /** How long the other end may take to confirm `close` over a connection, in milliseconds. @default reconnectTimeout */
  readonly closeTimeout?: number;
  /** The connection broke. The end that dials then dials again. */
  readonly onSuspended?: (why: string) => void;
  readonly onEnded?: (end: LinkEnd) => void;
  /** This end or the other end has too little shared memory. */
  readonly onShort?: (() => void) | undefined;
}
