import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ShieldedSocket } from './shielded-socket.js';

/** A plain socket in place of a TLS socket, and its other end. */
async function pair(): Promise<{ socket: Socket; other: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const other = connect({ ...(server.address() as { port: number }), host: '127.0.0.1', allowHalfOpen: true });
  const [socket] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => void [socket, other].map((end) => end.destroy()));
  return { socket, other };
}

describe('ShieldedSocket', () => {
  it('takes writes and an end at once while its socket takes none', async () => {
    const stuck = Object.assign(new Duplex({ read() {}, write() {}, final() {} }), { destroySoon() {} });
    onTestFinished(() => void stuck.destroy());
    const shield = new ShieldedSocket(stuck as TLSSocket);
    let taken = 0;
    for (let i = 0; i < 3; i++) shield.write('x', () => taken++);
    shield.end();
    await once(shield, 'finish');
    expect(taken).toBe(3);
  });

  it('sends what was written before an end, though it is destroyed', async () => {
    const { socket, other } = await pair();
    const shield = new ShieldedSocket(socket as TLSSocket);
    shield.resume();
    const all = Buffer.alloc(8 * 1024 * 1024, 1);
    shield.end(all);
    await once(shield, 'finish');
    shield.destroy();
    let got = 0;
    other.on('data', (bytes: Buffer) => (got += bytes.length));
    await once(other, 'end');
    expect(got).toBe(all.length);
  });

  it('closes at once when it is destroyed without an end, or with an error', async () => {
    for (const [end, error] of [
      [false, undefined],
      [true, new Error('broken')],
    ] as const) {
      const { socket } = await pair();
      const shield = new ShieldedSocket(socket as TLSSocket);
      shield.on('error', () => {});
      shield.write(Buffer.alloc(8 * 1024 * 1024));
      if (end) shield.end();
      shield.destroy(error);
      expect(socket.destroyed).toBe(true);
    }
  });

  it('waits for a limited time for a peer that does not read', async () => {
    const { socket } = await pair();
    const shield = new ShieldedSocket(socket as TLSSocket);
    shield.resume();
    const closed = once(socket, 'close');
    shield.end(Buffer.alloc(32 * 1024 * 1024));
    await once(shield, 'finish');
    shield.destroy();
    await closed;
  });

  it('passes on no bytes that are not accepted', async () => {
    const { socket, other } = await pair();
    const shield = new ShieldedSocket(socket as TLSSocket, (bytes) => bytes[0] === 1);
    const received: number[] = [];
    shield.on('data', (bytes: Buffer) => received.push(...bytes));
    const arrived = once(socket, 'data');
    other.write(Buffer.from([2, 2]));
    await arrived;
    other.end(Buffer.from([1, 1]));
    await once(shield, 'end');
    expect(received).toEqual([1, 1]);
  });
});
