import type { Server } from 'node:net';
import type { Clock } from '../../../core/clock.js';
import { TokenBucket } from './token-bucket.js';

/** The shortest time, in milliseconds, for which connections are dropped. */
const shortest = 5;

/**
 * Bounds the connections that a server takes in a second, wherever they come from, until it closes. Those above it are dropped by Node itself, as those above
 * `maxConnections`: before it makes a socket of one, which is most of what a connection costs. Where nothing is connected, one is taken all the same.
 */
export function boundArrivals(server: Pick<Server, 'maxConnections' | 'on'>, perSecond: number, clock: Clock): void {
  const bucket = new TokenBucket(perSecond, clock);
  let stopTimer: (() => void) | undefined;
  server.on('connection', () => {
    bucket.spend();
    const { wait } = bucket;
    if (wait === 0 || stopTimer) return;
    server.maxConnections = 1;
    stopTimer = clock.after(Math.max(shortest, wait), () => {
      stopTimer = undefined;
      server.maxConnections = Infinity;
    });
  });
  server.on('close', () => stopTimer?.());
}
