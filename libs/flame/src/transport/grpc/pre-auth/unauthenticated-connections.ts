import type { Server, Socket } from 'node:net';
import type { Clock } from '../../../core/clock.js';
import { boundArrivals } from './bound-arrivals.js';
import { FrameCounter } from './frame-counter.js';
import { networkOf } from './network-of.js';
import { peerOf } from './peer-of.js';
import { type ServerStream, socketUnder } from '../server-pipe.js';
import { ShieldedSocket } from './shielded-socket.js';
import { preAuthDefaults, type PreAuthLimits } from './pre-auth-limits.js';
import { FairRateLimiter } from './fair-rate-limiter.js';

/** A connection over which nobody was let in yet. */
interface Stranger {
  readonly socket: Socket;
  readonly network: string;
  readonly stopTimer: () => void;
  readonly frames: FrameCounter;
  bytes: number;
  /** TLS was begun with it. */
  begun: boolean;
  /** Takes it out of those that wait for that. */
  withdraw?: () => void;
}

/** One over which somebody was let in. */
interface Known {
  readonly socket: Socket;
  readonly frames: FrameCounter;
  /** Streams that may have been opened over it. */
  readonly streams: number;
}

/** The connections of those who have not been let in yet. It drops those that are past a limit. */
export class UnauthenticatedConnections {
  readonly #limits: Required<PreAuthLimits>;
  readonly #clock: Clock;
  /** By where they come from, the oldest first. */
  readonly #here = new Map<string, Stranger>();
  /** The same by network, each the oldest first. */
  readonly #networks = new Map<string, Set<string>>();
  readonly #turns: FairRateLimiter;
  /** How many came from each network since `#second` began. */
  readonly #arrivals = new Map<string, number>();
  #second = -Infinity;
  /** Those over which somebody was let in. */
  readonly #known = new Map<string, Known>();

  constructor(limits: PreAuthLimits, clock: Clock) {
    this.#limits = { ...preAuthDefaults, ...limits };
    this.#clock = clock;
    this.#turns = new FairRateLimiter(this.#limits.maxFailuresPerSecond, clock);
  }

  /** How many there are. */
  get count(): number {
    return this.#here.size;
  }

  /** Bounds how many a server takes, before it is asked here whether they may come. */
  guard(server: Server): void {
    boundArrivals(server, this.#limits.maxArrivalsPerSecond, this.#clock);
  }

  /** A connection was made. Says whether it may stay, and drops it if not. */
  mayCome(socket: Socket): boolean {
    const { remoteAddress } = socket;
    if (remoteAddress !== undefined && this.#countArrival(networkOf(remoteAddress))) return true;
    socket.destroy();
    return false;
  }

  /** One stays: `enter` is called when it is its turn, if it is still there. */
  arrived(socket: Socket, enter: () => void): void {
    const network = networkOf(socket.remoteAddress ?? '');
    const peer = peerOf(socket);
    const { introductionTimeout, maxConnections } = this.#limits;
    const stopTimer = this.#clock.after(introductionTimeout, () => socket.destroy());
    const stranger: Stranger = { socket, network, stopTimer, frames: new FrameCounter(), bytes: 0, begun: false };
    this.#remember(peer, stranger);
    socket.once('close', () => {
      if (this.#here.get(peer)?.socket === socket) this.#forget(peer);
      if (this.#known.get(peer)?.socket === socket) this.#known.delete(peer);
    });
    if (this.#here.size > maxConnections) this.#dropOne();
    if (socket.destroyed) return;
    stranger.withdraw = this.#turns.ask(network, () => {
      stranger.begun = true;
      if (!socket.destroyed) enter();
    });
  }

  /** What came over the connection from `peer`, inside of TLS. Says whether it may go on. */
  brought(peer: string, bytes: Uint8Array): boolean {
    const one = this.#here.get(peer) ?? this.#known.get(peer);
    if (one === undefined) return true;
    one.frames.read(bytes);
    if ('streams' in one ? one.frames.streams <= one.streams : this.#isModest(one, bytes.length)) return true;
    one.socket.destroy();
    return false;
  }

  #isModest(stranger: Stranger, length: number): boolean {
    const { maxBytes, maxFrames } = this.#limits;
    stranger.bytes += length;
    return stranger.bytes <= maxBytes && stranger.frames.count <= maxFrames;
  }

  /** Somebody was let in over this stream: its connection has no limits from now on, but for the streams that it may open besides. */
  letIn(stream: ServerStream): void {
    const socket = socketUnder(stream);
    if (socket instanceof ShieldedSocket) this.#pass(socket.peer);
    // It cannot be told which it is: rather no limits than a runner that is dropped.
    if (socket === undefined) for (const peer of [...this.#here.keys()].filter((one) => this.#here.get(one)!.begun)) this.#pass(peer);
  }

  #pass(peer: string): void {
    const stranger = this.#here.get(peer);
    if (!stranger?.begun) return;
    this.#forget(peer);
    const { socket, frames } = stranger;
    this.#known.set(peer, { socket, frames, streams: frames.streams + this.#limits.maxStreams });
    this.#turns.giveBack();
  }

  /** The oldest of the network that has the most. */
  #dropOne(): void {
    let fullest = new Set<string>();
    for (const peers of this.#networks.values()) if (peers.size > fullest.size) fullest = peers;
    const [peer] = fullest as Iterable<string> as [string];
    const { socket } = this.#here.get(peer)!;
    this.#forget(peer);
    socket.destroy();
  }

  #countArrival(network: string): boolean {
    const now = this.#clock.now();
    if (now - this.#second >= 1_000) {
      this.#second = now;
      this.#arrivals.clear();
    }
    const count = (this.#arrivals.get(network) ?? 0) + 1;
    this.#arrivals.set(network, count);
    return count <= this.#limits.maxConnectionsPerSecond;
  }

  #remember(peer: string, stranger: Stranger): void {
    this.#here.set(peer, stranger);
    const peers = this.#networks.get(stranger.network);
    if (peers) peers.add(peer);
    else this.#networks.set(stranger.network, new Set([peer]));
  }

  #forget(peer: string): void {
    const stranger = this.#here.get(peer);
    if (stranger === undefined) return;
    stranger.stopTimer();
    stranger.withdraw?.();
    this.#here.delete(peer);
    const peers = this.#networks.get(stranger.network)!;
    peers.delete(peer);
    if (peers.size === 0) this.#networks.delete(stranger.network);
  }
}
