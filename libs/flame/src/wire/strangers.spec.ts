import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { frame, preface, type } from '../../../../test/support/raw-http2.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import { peerOf } from './peer-of.js';
import type { ServerStream } from './server-pipe.js';
import type { StrangerLimits } from './stranger-limits.js';
import { Strangers } from './strangers.js';

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

function rig(limits: StrangerLimits = {}) {
  const clock = new VirtualClock();
  const strangers = new Strangers(limits, clock);
  const come = (address?: string) => {
    const socket = new FakeSocket(address);
    return { socket, stays: strangers.arrived(socket as unknown as Socket), peer: peerOf(socket as unknown as Socket) };
  };
  return { clock, strangers, come };
}

const ping = frame(type.ping, 0, 0, Buffer.alloc(8));

describe('Strangers', () => {
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
    expect(strangers.arrived(gone as unknown as Socket)).toBe(false);
  });

  it('sets no limits any more when it cannot be told over which connection somebody was let in', () => {
    const { clock, strangers, come } = rig({ maxBytes: 100 });
    const { peer } = come();
    strangers.letIn({ call: {} } as unknown as ServerStream);
    expect(strangers.brought(peer, Buffer.alloc(1_000))).toBe(true);
    expect(clock.pending).toBe(0);
  });
});
