import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DialOptions } from '../../libs/flame/src/transport/attach/attach-client.js';
import { serverUnderAttack } from '../support/server-under-attack.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { numbered } from '../support/numbered-frames.js';
import { connectTo, frame, message, preface, type } from '../support/raw-http2.js';
import { SeededRandom } from '../support/seeded-random.js';
import { manifest, AttachRig } from '../support/attach-rig.js';

/** What a runner on this host sends in a session with some frames, from its first byte on. */
async function capture(rig: AttachRig, info: DialOptions['info']): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'tap-'));
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
  const taken: Buffer[] = [];
  const path = join(folder, 'tap.sock');
  const tap = createServer((from: Socket) => {
    const to = connect(info.address.slice('unix:'.length));
    from.on('data', (bytes: Buffer) => taken.push(bytes));
    from.pipe(to).pipe(from);
    for (const end of [from, to]) end.on('error', () => {});
  }).listen(path);
  await once(tap, 'listening');
  const attached = rig.expect(info);
  const link = await rig.dial({ ...info, address: `unix:${path}` });
  const here = new LinkRecorder();
  (await attached).link.open(here);
  for (let i = 1; i <= 20; i++) {
    link.send(numbered(i));
    await here.first(i);
  }
  // Not of its end, behind which nothing could be said.
  const bytes = Buffer.concat(taken);
  await link.close('that is all');
  tap.close();
  return bytes;
}

/** Where the bytes are that a session's packets are made of, behind the hello. */
function packetBytes(bytes: Buffer): number[] {
  const places: number[] = [];
  let messages = 0;
  for (let at = preface.indexOf('SM') + 6; at < bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] !== type.data || messages++ === 0) continue;
    for (let index = at + 9 + 5; index < at + 9 + bytes.readUIntBE(at, 3); index++) places.push(index);
  }
  return places;
}

/** Sends bytes in pieces, and hangs up. */
async function say(address: string, bytes: Buffer, random: SeededRandom): Promise<void> {
  const socket = connectTo({ address });
  await once(socket, 'connect');
  for (let at = 0; at < bytes.length && socket.writable;) {
    const end = at + 1 + random.below(bytes.length);
    await new Promise((written) => socket.write(bytes.subarray(at, end), written));
    at = end;
  }
  socket.destroy();
}

describe('Captured sessions', () => {
  it('authenticate no client when they are replayed, and harm no session when they are changed: 200 of them', async () => {
    const { rig, stillServed } = await serverUnderAttack();
    const info = await rig.info();
    const captured = await capture(rig, info);
    expect(captured.includes(info.token)).toBe(true);
    const random = new SeededRandom(3);
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.from(captured);
      for (let changes = i === 0 ? 0 : 1 + random.below(5); changes > 0; changes--) bytes[random.below(bytes.length)] = random.below(256);
      await say(info.address, i % 4 === 3 ? bytes.subarray(0, random.below(bytes.length)) : bytes, random);
    }
    await stillServed();
  });

  it('harm no other session when they are changed behind a valid token: 60 of them', async () => {
    const { rig, stillServed } = await serverUnderAttack();
    const first = await rig.info();
    const captured = await capture(rig, first);
    const random = new SeededRandom(4);
    // Names of one length, so that nothing else of the bytes need be changed.
    const renamed = (bytes: Buffer, from: string, to: string): Buffer =>
      Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1');
    const ends = new Map<string, number>();
    for (let i = 0; i < 60; i++) {
      const name = `r${String(i).padStart(first.runner.length - 1, '0')}`;
      const attached = rig.server.expect({ runner: name, token: `token of ${name}`, manifest }, AbortSignal.timeout(20_000));
      const bytes = renamed(captured, first.runner, name);
      const places = packetBytes(bytes);
      expect(places.length).toBeGreaterThan(100);
      for (let changes = 1 + random.below(4); changes > 0; changes--) bytes[places[random.below(places.length)]!] = random.below(256);
      const socket = connectTo({ address: first.address });
      // Whatever became of the rest, the last packet is out of order.
      socket.write(Buffer.concat([bytes, message(1, Buffer.from([0x18, 0x7f]))]));
      const here = new LinkRecorder();
      (await attached).link.open(here);
      const { how } = await here.ended;
      ends.set(how, (ends.get(how) ?? 0) + 1);
      socket.destroy();
    }
    expect([...ends.keys()].filter((how) => how !== 'violation' && how !== 'left')).toEqual([]);
    expect(ends.get('violation')).toBeGreaterThan(20);
    await stillServed();
  });
});

describe('Formally valid HTTP/2', () => {
  it('harms no session: 20,000 random frames over 200 connections', async () => {
    const { rig, stillServed } = await serverUnderAttack();
    const { address } = await rig.info();
    const random = new SeededRandom(5);
    const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.below(256)));
    for (let i = 0; i < 200; i++) {
      const frames = Array.from({ length: 100 }, () => {
        const payload = bytes(random.below(40));
        // Now and then one that lies about its length.
        const length = random.chance(0.02) ? random.below(2 ** 24) : payload.length;
        return frame(random.below(12), random.below(256), random.below(10), payload, length);
      });
      await say(address, Buffer.concat([preface, ...frames]), random);
    }
    await stillServed();
  });
});
