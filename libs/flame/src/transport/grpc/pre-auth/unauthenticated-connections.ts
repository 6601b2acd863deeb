import type { Server, Socket } from 'node:net';
import type { Clock } from '../../../core/clock.js';
import { type ServerStream, socketUnder } from '../stream-internals.js';
import { FairRateLimiter } from './fair-rate-limiter.js';
import { FrameCounter } from './frame-counter.js';
import { type ConnectionLimits, fixedLimits, preAuthDefaults } from './pre-auth-limits.js';
import { peerOf, ShieldedSocket } from './shielded-socket.js';

/** The default largest HTTP/2 frame (RFC 9113, section 4.2), in bytes. An introduction is sent in frames of this size. */
const dataFrame = 16_384;

/** A connection that has not authenticated. */
interface Connection {
  readonly socket: Socket;
  readonly network: string;
  readonly frames: FrameCounter;
  readonly stopTimer: () => void;
  bytes: number;
  /** True after TLS has begun. */
  begun: boolean;
  /** Removes the connection from the queue for TLS. */
  withdraw?: () => void;
}

/** The connections to a port that have not authenticated. Drops connections that exceed a limit. */
export class UnauthenticatedConnections {
  readonly #limits: Required<ConnectionLimits>;
  readonly #clock: Clock;
  /** Connections by peer, oldest first. */
  readonly #connections = new Map<string, Connection>();
  /** The peers of each network, oldest first. */
  readonly #networks = new Map<string, Set<string>>();
  readonly #starts: FairRateLimiter;
  /** New connections of each network since `#second` began. */
  readonly #arrivals = new Map<string, number>();
  #second = -Infinity;

  constructor(limits: ConnectionLimits, clock: Clock) {
    this.#limits = { ...preAuthDefaults, ...fixedLimits, ...limits };
    this.#clock = clock;
    this.#starts = new FairRateLimiter(this.#limits.maxFailuresPerSecond, clock);
  }

  get count(): number {
    return this.#connections.size;
  }

  /**
   * Limits the connections that a server accepts in a second. Above `server.maxConnections`, Node drops connections before it makes a
   * socket, and the socket is most of their cost.
   */
  guard(server: Pick<Server, 'maxConnections' | 'on'>): void {
    let accepted = 0;
    let stopTimer: (() => void) | undefined;
    server.on('connection', () => {
      // 0 means no limit in Node 20.
      if (++accepted >= this.#limits.maxAcceptedPerSecond) server.maxConnections = 1;
      stopTimer ??= this.#clock.after(1_000, () => {
        stopTimer = undefined;
        accepted = 0;
        server.maxConnections = Infinity;
      });
    });
    server.on('close', () => stopTimer?.());
  }

  /** Counts a new connection. Drops it and returns false if its network has opened too many in this second. */
  admit(socket: Socket): boolean {
    const { remoteAddress } = socket;
    if (remoteAddress !== undefined && this.#countArrival(networkOf(remoteAddress))) return true;
    socket.destroy();
    return false;
  }

  /** Adds an admitted connection. Calls `begin` when its turn for TLS comes, if it is still open. */
  add(socket: Socket, begin: () => void): void {
    const peer = peerOf(socket);
    const network = networkOf(socket.remoteAddress ?? '');
    const stopTimer = this.#clock.after(this.#limits.timeout, () => socket.destroy());
    const connection: Connection = { socket, network, stopTimer, frames: new FrameCounter(), bytes: 0, begun: false };
    this.#connections.set(peer, connection);
    const peers = this.#networks.get(network);
    if (peers) peers.add(peer);
    else this.#networks.set(network, new Set([peer]));
    socket.once('close', () => {
      if (this.#connections.get(peer) === connection) this.#remove(peer);
    });
    if (this.#connections.size > this.#limits.maxConnections) this.#dropOne();
    if (socket.destroyed) return;
    connection.withdraw = this.#starts.ask(network, () => {
      connection.begun = true;
      if (!socket.destroyed) begin();
    });
  }

  /** Counts the bytes that a peer sent inside of TLS. Drops the connection and returns false if they exceed a limit. */
  received(peer: string, bytes: Uint8Array): boolean {
    const connection = this.#connections.get(peer);
    if (connection === undefined) return true;
    connection.bytes += bytes.length;
    connection.frames.read(bytes);
    if (connection.bytes <= this.#limits.maxBytes && connection.frames.count <= this.#limits.maxFrames + this.#limits.maxBytes / dataFrame)
      return true;
    connection.socket.destroy();
    return false;
  }

  /** The peer of this stream has authenticated, so its connection has no limits any more. */
  authenticated(stream: ServerStream): void {
    const socket = socketUnder(stream);
    if (socket instanceof ShieldedSocket) this.#release(socket.peer);
    // The socket is undefined if internals of grpc-js have changed. Then every connection that has begun TLS loses its limits, which is
    // better than a dropped runner.
    if (socket === undefined) for (const [peer] of [...this.#connections].filter(([, { begun }]) => begun)) this.#release(peer);
  }

  #release(peer: string): void {
    if (!this.#connections.get(peer)?.begun) return;
    this.#remove(peer);
    this.#starts.giveBack();
  }

  /** Drops the oldest connection of the network with the most connections. */
  #dropOne(): void {
    let fullest = new Set<string>();
    for (const peers of this.#networks.values()) if (peers.size > fullest.size) fullest = peers;
    const [peer] = fullest as Iterable<string> as [string];
    const { socket } = this.#connections.get(peer)!;
    this.#remove(peer);
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

  #remove(peer: string): void {
    const { network, stopTimer, withdraw } = this.#connections.get(peer)!;
    stopTimer();
    withdraw?.();
    this.#connections.delete(peer);
    const peers = this.#networks.get(network)!;
    peers.delete(peer);
    if (peers.size === 0) this.#networks.delete(network);
  }
}

/**
 * The network of an address: an IPv4 address itself, or the first 64 bits of an IPv6 address, because one host may use any address in them.
 */
export function networkOf(address: string): string {
  if (address.includes('.')) return address;
  const [head, tail] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = tail ? Array<string>(8 - head!.length - tail.length).fill('0') : [];
  return [...head!, ...zeros, ...(tail ?? [])].slice(0, 4).join(':');
}
