import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Frame } from '../../libs/flame/src/core/session/frame.js';
import { dial } from '../../libs/flame/src/transport/attach/attach-client.js';
import { attachPath } from '../../libs/flame/src/transport/grpc/grpc-options.js';
import { welcomePacket } from '../../libs/flame/src/transport/protocol/introduction.js';
import type { Link } from '../../libs/flame/src/transport/session/link.js';
import { PacketDraft } from '../../libs/flame/src/transport/protocol/packet-writer.js';
import { asIs } from '../../libs/flame/src/transport/protocol/protobuf.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { SeededRandom } from '../support/seeded-random.js';
import { manifest } from '../support/attach-rig.js';

const welcome = (received = 0): Buffer => welcomePacket({ session: Buffer.alloc(32, 7), received });

function packet(seq: number, ...frames: Parameters<PacketDraft['add']>): Buffer {
  const draft = new PacketDraft();
  draft.add(...frames);
  return draft.seal(seq, 0);
}

/** A runner that dials a parent which says just these packets, and stays. */
async function told(...packets: readonly Buffer[]): Promise<Link> {
  const server = new Server();
  const attach = { path: attachPath, requestStream: true, responseStream: true };
  const bytes = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs };
  server.addService(
    { Attach: { ...attach, ...bytes } },
    {
      Attach: (stream: ServerDuplexStream<Buffer, Buffer>) => {
        stream.on('error', () => {});
        stream.once('data', () => packets.forEach((each) => stream.write(each)));
        stream.on('end', () => stream.end());
        stream.resume();
      },
    },
  );
  onTestFinished(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  const address = `127.0.0.1:${port}`;
  return dial({ info: { runner: 'r', token: 't', address, reconnectTimeout: 300, maxPayload: 1_000_000 }, manifest });
}

describe('A runner whose parent is malicious', () => {
  it('refuses announcements of giant values without allocating them', async () => {
    const before = process.memoryUsage().rss;
    const here = new LinkRecorder();
    (await told(welcome(), packet(1, { type: 'chunk', id: 1, total: 2 ** 40, bytes: Buffer.from('x') }))).open(here);
    expect(await here.ended).toMatchObject({ how: 'violation', reason: expect.stringContaining('larger than maxPayload') });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  it('ends the session of a peer that confirms packets that were never sent', async () => {
    const here = new LinkRecorder();
    (await told(welcome(1_000))).open(here);
    expect(await here.ended).toMatchObject({ how: 'violation', reason: 'it confirms packet 1000, which was never sent' });
  });

  it('ends, and does not crash, on 60 mutated packets of a parent', async () => {
    const random = new SeededRandom(6);
    const honest: readonly Frame[] = [
      { type: 'call', id: 1, handler: 0, args: Buffer.from('args'), mode: 'call', handlerTimeout: 1_000, linked: true, attempt: 1 },
      { type: 'cancel', id: 1, cause: 'caller', reason: 'gone' },
      { type: 'credit', id: 1, stream: 0, count: 16 },
      { type: 'leave', grace: 1_000, reason: 'resized' },
    ];
    for (let i = 0; i < 60; i++) {
      const packets = honest.map((frame, index) => {
        const bytes = Buffer.from(packet(index + 1, frame));
        for (let changes = random.below(3); changes > 0; changes--) bytes[random.below(bytes.length)] = random.below(256);
        return bytes;
      });
      // Whatever became of those, this one is out of order.
      const here = new LinkRecorder();
      (await told(welcome(), ...packets, Buffer.from([0x18, 0x7f]))).open(here);
      expect(['violation', 'left']).toContain((await here.ended).how);
    }
  });
});
