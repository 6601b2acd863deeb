import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Frame } from '../../core/session/frame.js';
import { Inbox, TurnSize } from './inbox.js';
import { Outbox } from './outbox.js';
import { RingReader, RingWriter } from './shared-ring.js';
import { readNumbers } from '../protocol/packet-reader.js';
import { PacketDraft } from '../protocol/packet-writer.js';
import { ProtoReader, Violation } from '../protocol/protobuf.js';
import type { WireFrame } from '../protocol/wire-frame.js';

function inboxOf(maxPayload: number): { take(...sent: WireFrame[]): void; frames: Frame[]; closed: string[]; inbox: Inbox } {
  const frames: Frame[] = [];
  const closed: string[] = [];
  const inbox = new Inbox(maxPayload, { frame: (frame) => frames.push(frame), close: (reason) => closed.push(reason) });
  const take = (...sent: WireFrame[]): void => {
    inbox.read(packetOf(...sent));
  };
  return { take, frames, closed, inbox };
}

/** A packet of these frames, read up to the first of them. */
function packetOf(...sent: WireFrame[]): ProtoReader {
  const draft = new PacketDraft();
  for (const frame of sent) draft.add(frame);
  const from = new ProtoReader(draft.seal(1, 0));
  readNumbers(from);
  return from;
}

/** A packet whose values lie in a file that `inbox` reads. */
function valuesInSharedMemory(inbox: Inbox, sizes: number[]): ProtoReader {
  const folder = mkdtempSync(join(tmpdir(), 'inbox-'));
  const fd = openSync(join(folder, 'ring'), 'w+');
  onTestFinished(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  inbox.share(new RingReader(fd, 4_096), () => {});
  const outbox = new Outbox();
  outbox.share(new RingWriter(fd, 4_096, 1));
  for (const [id, size] of sizes.entries()) outbox.add({ type: 'return', id, value: Buffer.alloc(size), held: false });
  const from = new ProtoReader(outbox.pull(1, 0)!);
  readNumbers(from);
  return from;
}

const chunk = (id: number, total: number, bytes: Uint8Array): WireFrame => ({ type: 'chunk', id, total, bytes });

describe('Inbox', () => {
  it('passes on nothing after a close', () => {
    const { take, frames, closed } = inboxOf(1_000);
    take({ type: 'accept', id: 1 }, { type: 'close', reason: 'done' }, { type: 'accept', id: 2 });
    expect(frames).toEqual([{ type: 'accept', id: 1 }]);
    expect(closed).toEqual(['done']);
  });

  it('joins interleaved chunks of several frames', () => {
    const { take, frames } = inboxOf(1_000);
    // kind 9 is ACCEPT, field 2 its id.
    take(chunk(1, 4, Buffer.from([0x08, 9])), chunk(2, 4, Buffer.from([0x08, 9, 0x10])));
    take(chunk(2, 0, Buffer.from([2])), chunk(1, 0, Buffer.from([0x10, 1])));
    expect(frames).toEqual([
      { type: 'accept', id: 2 },
      { type: 'accept', id: 1 },
    ]);
  });

  it('accepts a frame in one chunk while another is incomplete, and accepts its number again', () => {
    const { take, frames } = inboxOf(1_000);
    take(chunk(1, 6, Buffer.from([0x08, 9])));
    take(chunk(2, 4, Buffer.from([0x08, 9, 0x10, 2])), chunk(2, 4, Buffer.from([0x08, 9, 0x10, 3])));
    take(chunk(1, 0, Buffer.from([0x10, 1, 0x10, 1])));
    expect(frames).toEqual([2, 3, 1].map((id) => ({ type: 'accept', id })));
  });

  it('reads as many frames as it is allowed, and the others later', () => {
    const { frames, inbox } = inboxOf(1_000);
    const from = packetOf(...[1, 2, 3].map((id) => ({ type: 'accept', id }) as const));
    expect(inbox.read(from, { frames: 2, bytes: 1 })).toBe(false);
    expect(frames).toHaveLength(2);
    expect(inbox.read(from, { frames: 2, bytes: 1 })).toBe(true);
    expect(frames).toHaveLength(3);
  });

  it('reads no further value from shared memory when those of one turn exceed its bytes', () => {
    const { frames, inbox } = inboxOf(1_000);
    const from = valuesInSharedMemory(inbox, [600, 600, 600]);
    const turns = [1, 2].map(() => ({ isRead: inbox.read(from, { frames: 100, bytes: 1_000 }), values: frames.splice(0).length }));
    expect(turns).toEqual([
      { isRead: false, values: 2 },
      { isRead: true, values: 1 },
    ]);
  });

  it('has read a packet to its end when its last value exceeds the bytes of a turn', () => {
    const { inbox } = inboxOf(1_000);
    expect(inbox.read(valuesInSharedMemory(inbox, [600]), { frames: 100, bytes: 600 })).toBe(true);
  });

  const refused: readonly [what: string, words: string, sent: WireFrame[]][] = [
    ['a chunk of a frame that is not open', 'not open', [chunk(1, 0, Buffer.alloc(1))]],
    ['a frame that is opened twice', 'opened twice', [chunk(1, 10, Buffer.alloc(1)), chunk(1, 10, Buffer.alloc(1))]],
    ['more bytes than a frame announced', 'more than it announced', [chunk(1, 3, Buffer.alloc(4))]],
    ['a value larger than maxPayload', 'larger than maxPayload, 1000 bytes', [chunk(1, 3_000_000, Buffer.alloc(1))]],
    ['too many chunked frames', 'large values at once', Array.from({ length: 65 }, (_, index) => chunk(index + 1, 10, Buffer.alloc(1)))],
    ['a close in parts', 'holds a close', [chunk(1, 2, Buffer.from([0x08, 31]))]],
  ];
  for (const [what, words, sent] of refused) {
    it(`refuses ${what}`, () => {
      const { take } = inboxOf(1_000);
      expect(() => take(...sent)).toThrow(Violation);
      expect(() => inboxOf(1_000).take(...sent)).toThrow(words);
    });
  }
});

const call = { type: 'call' } as Frame;
const answers = ['return', 'throw', 'refuse'].map((kind) => ({ type: kind }) as Frame);

function awaiting(calls: number): TurnSize {
  const size = new TurnSize();
  for (let i = 0; i < calls; i++) size.sent(call);
  return size;
}

describe('TurnSize', () => {
  it('is 128 for an end that makes no calls', () => {
    const size = new TurnSize();
    size.came(call);
    for (const answer of answers) size.sent(answer);
    expect(size.limit().frames).toBe(128);
  });

  const sizes = [1, 8, 16, 20, 64, 256, 1_000];
  it(`is half of the answers that are awaited, within 8 and 128: ${sizes.join(', ')}`, () => {
    expect(sizes.map((calls) => awaiting(calls).limit().frames)).toEqual([8, 8, 8, 10, 32, 128, 128]);
  });

  it('allows an end that makes no calls 1 MiB of values from shared memory in every turn, and others any number', () => {
    const size = new TurnSize();
    size.limit().bytes -= 2 ** 20;
    expect(size.limit().bytes).toBe(2 ** 20);
    expect(awaiting(1).limit().bytes).toBe(Infinity);
  });

  it('counts each answer once, and nothing else', () => {
    const size = awaiting(60);
    for (const answer of answers) for (let i = 0; i < 10; i++) size.came(answer);
    for (const kind of ['accept', 'progress', 'item', 'ended', 'log'] as const) size.came({ type: kind } as Frame);
    expect(size.limit().frames).toBe(15);
    for (let i = 0; i < 100; i++) size.came(answers[0]!);
    expect(size.limit().frames).toBe(128);
  });
});
