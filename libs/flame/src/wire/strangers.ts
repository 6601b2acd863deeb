import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.js';
import { FrameCounter } from './frame-counter.js';
import { networkOf } from './network-of.js';
import { peerOf } from './peer-of.js';
import { type ServerStream, socketUnder } from './server-pipe.js';
import { ShieldedSocket } from './shielded-socket.js';
import { strangerDefaults, type StrangerLimits } from './stranger-limits.js';

/** A connection over which nobody was let in yet. */
interface Stranger {
  readonly socket: Socket;
  readonly stopTimer: () => void;
  readonly frames: FrameCounter;
  bytes: number;
}

/** The connections of those who have not been let in yet. It drops those that are past a limit. */
export class Strangers {
  readonly #limits: Required<StrangerLimits>;
  readonly #clock: Clock;
  /** By where they come from, the oldest first. */
  readonly #here = new Map<string, Stranger>();
  /** How many came from each network since `#second` began. */
  readonly #arrivals = new Map<string, number>();
  #second = -Infinity;

  constructor(limits: StrangerLimits, clock: Clock) {
    this.#limits = { ...strangerDefaults, ...limits };
    this.#clock = clock;
  }

  /** How many there are. */
  get count(): number {
    return this.#here.size;
  }

  /** A connection was made. Says whether it may stay. */
  arrived(socket: Socket): boolean {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || !this.#mayCome(remoteAddress)) {
      socket.destroy();
      return false;
    }
    const peer = peerOf(socket);
    const { introductionTimeout, maxConnections } = this.#limits;
    const stopTimer = this.#clock.after(introductionTimeout, () => socket.destroy());
    this.#here.set(peer, { socket, stopTimer, frames: new FrameCounter(), bytes: 0 });
    socket.once('close', () => {
      if (this.#here.get(peer)?.socket === socket) this.#forget(peer);
    });
    if (this.#here.size > maxConnections) this.#dropOldest();
    return true;
  }

  /** What came over the connection from `peer`, inside of TLS. Says whether it may go on. */
  brought(peer: string, bytes: Uint8Array): boolean {
    const stranger = this.#here.get(peer);
    if (stranger === undefined) return true;
    const { maxBytes, maxFrames } = this.#limits;
    stranger.bytes += bytes.length;
    if (stranger.bytes <= maxBytes && stranger.frames.read(bytes) <= maxFrames) return true;
    stranger.socket.destroy();
    return false;
  }

  /** Somebody was let in over this stream: its connection has no limits from now on. */
  letIn(stream: ServerStream): void {
    const socket = socketUnder(stream);
    if (socket instanceof ShieldedSocket) this.#forget(socket.peer);
    // It cannot be told which it is: rather no limits than a runner that is dropped.
    if (socket === undefined) for (const peer of this.#here.keys()) this.#forget(peer);
  }

  #dropOldest(): void {
    const [[peer, { socket }]] = this.#here as Iterable<[string, Stranger]> as [[string, Stranger]];
    this.#forget(peer);
    socket.destroy();
  }

  #mayCome(address: string): boolean {
    const now = this.#clock.now();
    if (now - this.#second >= 1_000) {
      this.#second = now;
      this.#arrivals.clear();
    }
    const network = networkOf(address);
    const count = (this.#arrivals.get(network) ?? 0) + 1;
    this.#arrivals.set(network, count);
    return count <= this.#limits.maxConnectionsPerSecond;
  }

  #forget(peer: string): void {
    this.#here.get(peer)?.stopTimer();
    this.#here.delete(peer);
  }
}
