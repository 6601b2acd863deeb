import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { frame, preface, type } from '../../../../../../test/support/raw-http2.js';
import { VirtualClock } from '../../../testing/virtual-clock.js';
import { peerOf } from './peer-of.js';
import type { ServerStream } from '../server-pipe.js';
import type { PreAuthLimits } from './pre-auth-limits.js';
import { UnauthenticatedConnections } from './unauthenticated-connections.js';

/** A connection of which nothing is needed but where it comes from, and whether it is over. */
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

function rig(limits: PreAuthLimits = {}) {
  const clock = new VirtualClock();
  const strangers = new UnauthenticatedConnections(limits, clock);
  const entered: string[] = [];
  const come = (address?: string) => {
    const socket = new FakeSocket(address);
    const peer = peerOf(socket as unknown as Socket);
    if (strangers.mayCome(socket as unknown as Socket))
      strangers.arrived(socket as unknown as Socket, () => entered.push(socket.remoteAddress!));
    return { socket, stays: !socket.destroyed, peer };
  };
  return { clock, strangers, come, entered };
}

/** Of a connection that cannot be told from the others. */
const stream = { call: {} } as unknown as ServerStream;
const ping = frame(type.ping, 0, 0, Buffer.alloc(8));

describe('UnauthenticatedConnections', () => {
  it('drops who has not been let in within introductionTimeout', async () => {
    const { clock, strangers, come } = rig({ introductionTimeout: 500 });
    const { socket } = come();
    await clock.advance(499);
    expect(socket.destroyed).toBe(false);
    await clock.advance(1);
    expect(socket.destroyed).toBe(true);
    expect(strangers.count).toBe(0);
  });

  it('drops the oldest when there is one more than maxConnections', () => {
    const { strangers, come } = rig({ maxConnections: 2 });
    const [first, second, third] = [come(), come(), come()];
    expect([first.socket.destroyed, second.socket.destroyed, third.socket.destroyed]).toEqual([true, false, false]);
    expect(strangers.count).toBe(2);
  });

  it('drops the oldest of the network that has the most, so that one which has few keeps them', () => {
    const { come } = rig({ maxConnections: 3 });
    const [alone, first, second, third] = [come('10.0.0.9'), come(), come(), come()];
    expect([alone, first, second, third].map(({ socket }) => socket.destroyed)).toEqual([false, true, false, false]);
  });

  it('begins with maxFailuresPerSecond in a second, and takes one of each network in turn', async () => {
    const { clock, come, entered } = rig({ maxFailuresPerSecond: 2 });
    const [a, b] = ['10.0.0.1', '10.0.0.2'];
    for (const address of [a, a, a, a, a, b, b]) come(address);
    expect(entered.splice(0)).toEqual([a, a]);
    await clock.advance(1_000);
    expect(entered.splice(0)).toEqual([a, b]);
    await clock.advance(1_500);
    expect(entered.splice(0)).toEqual([a, b, a]);
    await clock.advance(10_000);
    for (const address of [a, a, a]) come(address);
    expect(entered).toEqual([a, a]);
  });

  it('begins with as many as come when they are let in', () => {
    const { strangers, come, entered } = rig({ maxFailuresPerSecond: 2 });
    for (let i = 0; i < 9; i++) come();
    for (const begun of [2, 4, 6, 8, 9]) {
      expect(entered).toHaveLength(begun);
      // Which of those that began it was cannot be told, so it is all of them.
      strangers.letIn(stream);
    }
    expect(strangers.count).toBe(0);
  });

  it('spends no turn on who is gone when it comes', async () => {
    const { clock, come, entered } = rig({ maxFailuresPerSecond: 1 });
    const [, gone] = [come(), come(), come('10.0.0.2')];
    gone.socket.destroy();
    await clock.advance(1_000);
    expect(entered).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('takes maxConnectionsPerSecond of one network in a second, and of others as many', async () => {
    const { clock, come } = rig({ maxConnectionsPerSecond: 2 });
    expect([come().stays, come().stays, come().stays]).toEqual([true, true, false]);
    expect(come('2001:db8::1').stays).toBe(true);
    expect(come('2001:db8::2').stays).toBe(true);
    expect(come('2001:db8::3').stays).toBe(false);
    await clock.advance(1_000);
    expect(come().stays).toBe(true);
  });

  it('drops who brings more than maxBytes, or more than maxFrames', () => {
    const { strangers, come } = rig({ maxBytes: 200, maxFrames: 3 });
    const [large, many] = [come(), come()];
    expect(strangers.brought(large.peer, Buffer.concat([preface, frame(type.data, 0, 1, Buffer.alloc(140))]))).toBe(true);
    expect(strangers.brought(large.peer, Buffer.alloc(100))).toBe(false);
    expect(large.socket.destroyed).toBe(true);
    expect(strangers.brought(many.peer, Buffer.concat([preface, ping, ping]))).toBe(true);
    expect(strangers.brought(many.peer, ping)).toBe(false);
    expect(many.socket.destroyed).toBe(true);
  });

  it('drops who is gone before anybody looked, and forgets who goes', async () => {
    const { clock, strangers, come } = rig();
    const { socket } = come();
    socket.destroy();
    expect(strangers.count).toBe(0);
    expect(clock.pending).toBe(0);
    const gone = new FakeSocket();
    Object.assign(gone, { remoteAddress: undefined });
    expect(strangers.mayCome(gone as unknown as Socket)).toBe(false);
    expect(gone.destroyed).toBe(true);
  });

  it('drops who was let in and opens more than maxStreams besides, before any of them is', () => {
    const { strangers, come } = rig({ maxStreams: 2 });
    const { peer, socket } = come();
    const opening = frame(type.headers, 4, 1);
    strangers.brought(peer, Buffer.concat([preface, opening]));
    strangers.letIn(stream);
    expect(strangers.brought(peer, Buffer.concat([opening, ping, ping, opening, Buffer.alloc(1)]))).toBe(true);
    expect(strangers.brought(peer, Buffer.concat([Buffer.alloc(8), opening, ping]))).toBe(false);
    expect(socket.destroyed).toBe(true);
  });

  it('sets no limits any more when it cannot be told over which connection somebody was let in', () => {
    const { clock, strangers, come } = rig({ maxBytes: 100 });
    const { peer } = come();
    strangers.letIn(stream);
    expect(strangers.brought(peer, Buffer.alloc(1_000))).toBe(true);
    expect(clock.pending).toBe(0);
  });
});
