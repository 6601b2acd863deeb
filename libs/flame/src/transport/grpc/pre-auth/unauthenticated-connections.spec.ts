import { EventEmitter } from 'node:events';
import type { Server, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { frame, preface, type } from '../../../../../../test/support/raw-http2.js';
import { VirtualClock } from '../../../testing/virtual-clock.js';
import type { ServerStream } from '../stream-internals.js';
import type { ConnectionLimits } from './pre-auth-limits.js';
import { peerOf } from './shielded-socket.js';
import { networkOf, UnauthenticatedConnections } from './unauthenticated-connections.js';

/** A connection that has an address and a port, and is open or destroyed. */
class FakeSocket extends EventEmitter {
  static #ports = 0;
  readonly remotePort = ++FakeSocket.#ports;
  destroyed = false;

  constructor(readonly remoteAddress: string | undefined = '10.0.0.1') {
    super();
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function rig(limits: ConnectionLimits = {}) {
  const clock = new VirtualClock();
  const connections = new UnauthenticatedConnections(limits, clock);
  /** The addresses with which TLS has begun. */
  const begun: string[] = [];
  const connect = (address?: string) => {
    const socket = new FakeSocket(address);
    const peer = peerOf(socket as unknown as Socket);
    if (connections.admit(socket as unknown as Socket))
      connections.add(socket as unknown as Socket, () => begun.push(socket.remoteAddress!));
    return { socket, stays: !socket.destroyed, peer };
  };
  return { clock, connections, connect, begun };
}

/** A stream whose connection is unknown. */
const stream = { call: {} } as unknown as ServerStream;
const ping = frame(type.ping, 0, 0, Buffer.alloc(8));

describe('UnauthenticatedConnections', () => {
  it('drops a connection that has not authenticated within timeout', async () => {
    const { clock, connections, connect } = rig({ timeout: 500 });
    const { socket } = connect();
    await clock.advance(499);
    expect(socket.destroyed).toBe(false);
    await clock.advance(1);
    expect(socket.destroyed).toBe(true);
    expect(connections.count).toBe(0);
  });

  it('drops the oldest when there is one more than maxConnections', () => {
    const { connections, connect } = rig({ maxConnections: 2 });
    const [first, second, third] = [connect(), connect(), connect()];
    expect([first.socket.destroyed, second.socket.destroyed, third.socket.destroyed]).toEqual([true, false, false]);
    expect(connections.count).toBe(2);
  });

  it('drops the oldest of the network with the most, so that a network with few keeps its own', () => {
    const { connect } = rig({ maxConnections: 3 });
    const [alone, first, second, third] = [connect('10.0.0.9'), connect(), connect(), connect()];
    expect([alone, first, second, third].map(({ socket }) => socket.destroyed)).toEqual([false, true, false, false]);
  });

  it('begins TLS with maxFailuresPerSecond, one of each network after the other', async () => {
    const { clock, connect, begun } = rig({ maxFailuresPerSecond: 2 });
    const [a, b] = ['10.0.0.1', '10.0.0.2'];
    for (const address of [a, a, a, a, a, b, b]) connect(address);
    expect(begun.splice(0)).toEqual([a, a]);
    await clock.advance(1_000);
    expect(begun.splice(0)).toEqual([a, b]);
    await clock.advance(1_500);
    expect(begun.splice(0)).toEqual([a, b, a]);
    await clock.advance(10_000);
    for (const address of [a, a, a]) connect(address);
    expect(begun).toEqual([a, a]);
  });

  it('begins TLS with any number of connections that authenticate', () => {
    const { connections, connect, begun } = rig({ maxFailuresPerSecond: 2 });
    for (let i = 0; i < 9; i++) connect();
    for (const count of [2, 4, 6, 8, 9]) {
      expect(begun).toHaveLength(count);
      // Its connection is unknown, so all that have begun count as authenticated.
      connections.authenticated(stream);
    }
    expect(connections.count).toBe(0);
  });

  it('skips connections that are closed', async () => {
    const { clock, connect, begun } = rig({ maxFailuresPerSecond: 1 });
    const [, gone] = [connect(), connect(), connect('10.0.0.2')];
    gone.socket.destroy();
    await clock.advance(1_000);
    expect(begun).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('admits maxConnectionsPerSecond of each network', async () => {
    const { clock, connect } = rig({ maxConnectionsPerSecond: 2 });
    expect([connect().stays, connect().stays, connect().stays]).toEqual([true, true, false]);
    expect(connect('2001:db8::1').stays).toBe(true);
    expect(connect('2001:db8::2').stays).toBe(true);
    expect(connect('2001:db8::3').stays).toBe(false);
    await clock.advance(1_000);
    expect(connect().stays).toBe(true);
  });

  it('drops a connection that sends more than maxBytes, or more than maxFrames and one for each 16 KiB of maxBytes', () => {
    const { connections, connect } = rig({ maxBytes: 16_384, maxFrames: 2 });
    const [large, many] = [connect(), connect()];
    expect(connections.received(large.peer, Buffer.concat([preface, frame(type.data, 0, 1, Buffer.alloc(16_300))]))).toBe(true);
    expect(connections.received(large.peer, Buffer.alloc(100))).toBe(false);
    expect(large.socket.destroyed).toBe(true);
    expect(connections.received(many.peer, Buffer.concat([preface, ping, ping]))).toBe(true);
    expect(connections.received(many.peer, ping)).toBe(false);
    expect(many.socket.destroyed).toBe(true);
  });

  it('forgets closed connections, and refuses one that has no address any more', async () => {
    const { clock, connections, connect } = rig();
    const { socket } = connect();
    socket.destroy();
    expect(connections.count).toBe(0);
    expect(clock.pending).toBe(0);
    const gone = new FakeSocket();
    Object.assign(gone, { remoteAddress: undefined });
    expect(connections.admit(gone as unknown as Socket)).toBe(false);
    expect(gone.destroyed).toBe(true);
  });

  it('sets no limits any more if it does not know the connection that authenticated', () => {
    const { clock, connections, connect } = rig({ maxBytes: 100 });
    const { peer } = connect();
    connections.authenticated(stream);
    expect(connections.received(peer, Buffer.alloc(1_000))).toBe(true);
    expect(clock.pending).toBe(0);
  });

  describe('guard', () => {
    function guarded(maxAcceptedPerSecond: number) {
      const { clock, connections } = rig({ maxAcceptedPerSecond });
      const server = Object.assign(new EventEmitter(), { maxConnections: Infinity });
      connections.guard(server as EventEmitter & Pick<Server, 'maxConnections' | 'on'>);
      /** How many of `count` connections the server accepts, as if one was open all the time. */
      const accept = (count: number): number => {
        let accepted = 0;
        for (; accepted < count && server.maxConnections > 1; accepted++) server.emit('connection');
        return accepted;
      };
      return { clock, server, accept };
    }

    it('lets a server accept maxAcceptedPerSecond connections in each second', async () => {
      const { clock, accept } = guarded(500);
      expect(accept(499)).toBe(499);
      expect(accept(1_000)).toBe(1);
      await clock.advance(999);
      expect(accept(1_000)).toBe(0);
      await clock.advance(1);
      expect(accept(1_000)).toBe(500);
      await clock.advance(60_000);
      expect(accept(1_000)).toBe(500);
    });

    it('lifts the limit after a second, although Node accepts a connection when none is open', async () => {
      const { clock, server, accept } = guarded(10);
      accept(10);
      await clock.advance(500);
      server.emit('connection');
      expect(server.maxConnections).toBe(1);
      await clock.advance(500);
      expect(server.maxConnections).toBe(Infinity);
    });

    it('leaves no timer when its server closes', () => {
      const { clock, server, accept } = guarded(1);
      accept(1);
      expect(clock.pending).toBe(1);
      server.emit('close');
      expect(clock.pending).toBe(0);
    });
  });
});

describe('networkOf', () => {
  it.each([
    ['10.0.0.7', '10.0.0.7'],
    ['::ffff:10.0.0.7', '::ffff:10.0.0.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('turns %s into %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
