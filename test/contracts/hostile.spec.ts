import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../libs/flame/src/core/session/frame.js';
import { PacketDraft } from '../../libs/flame/src/transport/protocol/packet-writer.js';
import { serverUnderAttack } from '../support/server-under-attack.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { RawRunner } from '../support/raw-runner.js';
import { SeededRandom } from '../support/seeded-random.js';
import { manifest } from '../support/attach-rig.js';

function randomBytes(random: SeededRandom, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}

/** Packets as an honest runner would send them. */
function honestPackets(): Buffer[] {
  const frames: Frame[] = [
    { type: 'return', id: 1, value: Buffer.from('value'), held: false },
    { type: 'throw', id: 2, error: Buffer.from('error'), held: true },
    { type: 'item', id: 3, stream: 0, value: Buffer.from('item') },
    { type: 'credit', id: 3, stream: 1, count: 16 },
    { type: 'log', id: 0, level: 'log', text: 'a line' },
    { type: 'leaving', reason: 'SIGTERM' },
  ];
  return frames.map((frame, index) => {
    const draft = new PacketDraft();
    draft.add(frame);
    return draft.seal(index + 1, 0);
  });
}

describe('A parent whose port is attacked', () => {
  it('serves its runners while 200 connections bring random bytes', async () => {
    const { rig, stillServed } = await serverUnderAttack();
    const { address } = await rig.info();
    const random = new SeededRandom(1);
    await Promise.all(
      Array.from({ length: 200 }, async () => {
        const socket = connect(address.slice('unix:'.length));
        socket.on('error', () => {});
        const closed = once(socket, 'close');
        socket.resume();
        if (random.chance(0.5)) socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
        socket.end(randomBytes(random, 1 + random.below(2_000)));
        await closed;
      }),
    );
    await stillServed();
  });

  it('refuses a wrong token, a used one, an empty one and one of another runner', async () => {
    const { rig, stillServed } = await serverUnderAttack();
    const [info, other] = [await rig.info(), await rig.info()];
    const attached = rig.expect(info);
    void rig.expect(other).catch(() => {});
    for (const token of ['guessed', '', other.token, `${info.token} `]) {
      const raw = new RawRunner(info.address);
      raw.hello(info.runner, token, manifest);
      expect(await raw.status).toMatchObject({ code: 16 });
    }
    await rig.dial(info);
    await attached;
    // The runner has confirmed its welcome by now, or does so with its next word.
    await stillServed();
    const replayed = new RawRunner(info.address);
    replayed.hello(info.runner, info.token, manifest);
    expect(await replayed.status).toMatchObject({ code: 16 });
    const guessed = new RawRunner(info.address);
    guessed.resume(info.runner, Buffer.alloc(32, 1), 0);
    expect(await guessed.status).toMatchObject({ code: 16 });
  });

  it('ends the sessions of 150 runners that send mutated packets, and no other', async () => {
    const { rig, stillServed } = await serverUnderAttack();
    const random = new SeededRandom(2);
    const packets = honestPackets();
    for (let i = 0; i < 150; i++) {
      const info = await rig.info();
      const attached = rig.expect(info);
      const raw = new RawRunner(info.address);
      raw.hello(info.runner, info.token, manifest);
      const { link } = await attached;
      const here = new LinkRecorder();
      link.open(here);
      for (const packet of packets) {
        const bytes = Buffer.from(packet);
        for (let changes = random.below(3); changes > 0; changes--) bytes[random.below(bytes.length)] = random.below(256);
        raw.write(random.chance(0.2) ? bytes.subarray(0, random.below(bytes.length)) : bytes);
      }
      // Whatever became of those, this one is out of order.
      raw.write(Buffer.from([0x18, 0x7f]));
      expect(['violation', 'left']).toContain((await here.ended).how);
    }
    await stillServed();
  });

  it('refuses announcements of giant values without allocating them', async () => {
    const { rig, stillServed } = await serverUnderAttack();
    const before = process.memoryUsage().rss;
    for (const total of [2 ** 40, Number.MAX_SAFE_INTEGER]) {
      const info = await rig.info();
      const attached = rig.expect(info);
      const raw = new RawRunner(info.address);
      raw.hello(info.runner, info.token, manifest);
      const here = new LinkRecorder();
      (await attached).link.open(here);
      const draft = new PacketDraft();
      draft.add({ type: 'chunk', id: 1, total, bytes: Buffer.from('x') });
      raw.write(draft.seal(1, 0));
      expect(await here.ended).toMatchObject({ how: 'violation', reason: expect.stringContaining('larger than maxPayload') });
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    await stillServed();
  });
});
