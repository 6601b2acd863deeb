import { describe, expect, it } from 'vitest';
import type { Frame } from '../../core/session/frame.js';
import { Inbox } from './inbox.js';
import { PacketDraft, readNumbers } from '../protocol/packet.js';
import { ProtoReader, Violation } from '../protocol/protobuf.js';
import type { WireFrame } from '../protocol/wire-frame.js';

function inboxOf(maxPayload: number): { take(...sent: WireFrame[]): void; frames: Frame[]; closed: string[] } {
  const frames: Frame[] = [];
  const closed: string[] = [];
  const inbox = new Inbox(maxPayload, { frame: (frame) => frames.push(frame), close: (reason) => closed.push(reason) });
  const take = (...sent: WireFrame[]): void => {
    const draft = new PacketDraft();
    for (const frame of sent) draft.add(frame);
    const from = new ProtoReader(draft.seal(1, 0));
    readNumbers(from);
    inbox.read(from);
  };
  return { take, frames, closed };
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
