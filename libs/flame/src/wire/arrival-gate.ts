import type { Server } from 'node:net';
import type { Clock } from '../core/clock.js';
import { TokenBucket } from './token-bucket.js';

/** The shortest time, in milliseconds, for which it is shut. */
const shortest = 5;

/**
 * Bounds the connections that a server takes in a second, wherever they come from. Those above it are dropped by Node itself, as those above
 * `maxConnections`: before it makes a socket of one, which is most of what a connection costs. Where nothing is connected, one is taken all the same.
 */
export class ArrivalGate {
  readonly #server: Pick<Server, 'maxConnections'>;
  readonly #bucket: TokenBucket;
  readonly #clock: Clock;
  #stopTimer: (() => void) | undefined;

  constructor(server: Pick<Server, 'maxConnections'>, perSecond: number, clock: Clock) {
    this.#server = server;
    this.#bucket = new TokenBucket(perSecond, clock);
    this.#clock = clock;
  }

  /** The server has taken one. */
  came(): void {
    this.#bucket.spend();
    const { wait } = this.#bucket;
    if (wait === 0 || this.#stopTimer) return;
    this.#server.maxConnections = 1;
    this.#stopTimer = this.#clock.after(Math.max(shortest, wait), () => {
      this.#stopTimer = undefined;
      this.#server.maxConnections = Infinity;
    });
  }

  close(): void {
    this.#stopTimer?.();
  }
}
