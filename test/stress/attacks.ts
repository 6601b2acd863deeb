import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { attachPath } from '../../libs/flame/src/transport/grpc/grpc-options.js';
import { kindsOfStreams } from '../support/kinds-of-streams.js';
import { call, connectTo, fields, frame, preface, type Target, type } from '../support/raw-http2.js';

/** An attack over some connections at a time; those that are dropped are made again. Each connection, and each piece, counts against the rate. */
export interface Attack {
  /** Without TLS, which is wanted. */
  readonly plain?: boolean;
  /** What a connection says first. */
  readonly opening?: Buffer;
  /** Its `i`th piece; undefined to hang up. */
  readonly piece: (i: number) => Buffer | undefined;
  readonly perSecond: number;
  readonly connections: number;
  /** It works all the time, and comes to nobody: what a neighbour on the same processors takes. */
  readonly busy?: true;
  /** From so many addresses of this host, in turn, where it has more than one (Linux has a network of them). @default 1 */
  readonly addresses?: number;
}

const odd = (i: number): number => i * 2 + 1;
const http2 = { opening: preface, perSecond: 20_000, connections: 10 } as const;

export const attacks: Readonly<Record<string, Attack>> = {
  'none, by a busy neighbour': { busy: true, piece: () => undefined, perSecond: 0, connections: 0 },
  'streams that say nothing': { ...http2, piece: (i) => kindsOfStreams['say nothing'](odd(i)) },
  'streams that it resets': { ...http2, piece: (i) => kindsOfStreams['are reset'](odd(i)) },
  'calls of what there is not': { ...http2, piece: (i) => kindsOfStreams['ask for what there is not'](odd(i)) },
  'wrong tokens': { ...http2, piece: (i) => kindsOfStreams['bring a wrong token'](odd(i)) },
  pings: { ...http2, piece: () => frame(type.ping, 0, 0, Buffer.alloc(8)) },
  settings: { ...http2, piece: () => frame(type.settings, 0, 0) },
  'headers that do not end': {
    ...http2,
    opening: Buffer.concat([preface, call(1, attachPath, 0)]),
    piece: () => frame(type.continuation, 0, 1, fields({ x: 'y'.repeat(1_000) })),
  },
  'random frames': {
    ...http2,
    piece: () => {
      const [kind, flags, stream] = randomBytes(3);
      return frame(kind! % 10, flags!, stream!, randomBytes(20));
    },
  },
  'random bytes within TLS': { piece: (i) => (i < 20 ? randomBytes(500) : undefined), perSecond: 1_000, connections: 20 },
  'random bytes without TLS': { plain: true, piece: (i) => (i < 5 ? randomBytes(500) : undefined), perSecond: 1_000, connections: 20 },
  'TLS handshakes': { piece: () => undefined, perSecond: 1_000, connections: 20 },
  'connections that come and go': { plain: true, piece: () => undefined, perSecond: 1_000, connections: 20 },
  'connections that say nothing': { plain: true, piece: () => Buffer.alloc(0), perSecond: 1_000, connections: 2_000 },
  'streams, from 40 addresses': { ...http2, piece: (i) => kindsOfStreams['say nothing'](odd(i)), connections: 40, addresses: 40 },
  'wrong tokens, from 40 addresses': {
    ...http2,
    piece: (i) => kindsOfStreams['bring a wrong token'](odd(i)),
    connections: 40,
    addresses: 40,
  },
  'TLS handshakes, from 40 addresses': { piece: () => undefined, perSecond: 1_000, connections: 40, addresses: 40 },
  'connections, from 200 addresses': { plain: true, piece: () => undefined, perSecond: 5_000, connections: 200, addresses: 200 },
};

/** One of this host's own addresses; the first is the usual one. */
export function addressOf(number: number): string | undefined {
  return number === 0 ? undefined : `127.0.${1 + (number >> 8)}.${number & 255}`;
}

/** Time between two waves, in milliseconds. */
const every = 5;
/** Bytes that may wait on one connection. */
const mostWaiting = 1_000_000;

/** Attacks until `signal` aborts. */
export async function attack(
  target: Target,
  { plain, opening, piece, perSecond, connections, addresses = 1, busy }: Attack,
  signal: AbortSignal,
): Promise<void> {
  const open = new Map<Socket, number>();
  const ready = new Set<Socket>();
  let made = 0;
  const enter = (): void => {
    const from = made++ % addresses;
    const socket = connectTo({ ...target, plain, from: addressOf(from) });
    open.set(socket, 0);
    socket.once(plain ? 'connect' : 'secureConnect', () => {
      ready.add(socket);
      if (opening) socket.write(opening);
    });
    socket.once('close', () => {
      open.delete(socket);
      ready.delete(socket);
    });
  };
  let owed = 0;
  const wave = setInterval(() => {
    for (const until = performance.now() + every; busy && performance.now() < until;);
    owed = Math.min(owed + (perSecond * every) / 1_000, perSecond / 10);
    for (; open.size < connections && owed >= 1; owed--) enter();
    const share = Math.ceil(owed / Math.max(1, ready.size));
    for (const socket of ready) {
      if (!socket.writable || socket.writableLength > mostWaiting) continue;
      const pieces: Buffer[] = [];
      for (let i = open.get(socket)!; pieces.length < share && owed >= 1; open.set(socket, ++i), owed--) {
        const next = piece(i);
        if (next) pieces.push(next);
        else {
          socket.destroy();
          break;
        }
      }
      if (!socket.destroyed) socket.write(Buffer.concat(pieces));
    }
  }, every);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  clearInterval(wave);
  for (const socket of open.keys()) socket.destroy();
}
