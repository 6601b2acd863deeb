import { describe, expect, it } from 'vitest';
import type { Frame } from '../../core/session/frame.js';
import { Inbox } from './inbox.js';
import { Outbox } from './outbox.js';
import { readNumbers } from '../protocol/packet-reader.js';
import { ProtoReader } from '../protocol/protobuf.js';

const KiB = 1024;

const small = (id: number): Frame => ({ type: 'accept', id });
const sized = (id: number, size: number): Frame => ({ type: 'return', id, value: Buffer.alloc(size, id), held: false });

/** Pulls one packet and gives the frames that it completes at the other end. */
function through(outbox: Outbox, maxPayload = 1024 * KiB): { pull(parts?: boolean): Frame[] | undefined } {
  const frames: Frame[] = [];
  const inbox = new Inbox(maxPayload, { frame: (frame) => frames.push(frame), close: () => {} });
  return {
    pull: (parts) => {
      const packet = outbox.pull(1, 0, parts);
      if (packet === undefined) return undefined;
      const from = new ProtoReader(packet);
      readNumbers(from);
      inbox.read(from);
      return frames.splice(0);
    },
  };
}

/** The numbers of the frames that each packet completed, until nothing is left. */
function transcript(outbox: Outbox, maxPayload?: number): number[][] {
  const other = through(outbox, maxPayload);
  const packets: number[][] = [];
  for (let frames = other.pull(); frames !== undefined; frames = other.pull()) {
    packets.push(frames.map((frame) => ('id' in frame ? frame.id : 0)));
  }
  return packets;
}

/** The value of the one result among frames. */
function valueOf(frames: Frame[] = []): Uint8Array {
  const [frame] = frames;
  if (frame?.type !== 'return' || frames.length > 1) throw new Error('expected one result');
  return frame.value;
}

describe('Outbox', () => {
  it('returns all frames since the last packet as one packet', () => {
    const outbox = new Outbox();
    for (const id of [1, 2, 3]) outbox.add(small(id));
    expect(transcript(outbox)).toEqual([[1, 2, 3]]);
    expect(outbox.pull(2, 0)).toBeUndefined();
  });

  it('splits more than 128 KiB over packets, in order', () => {
    const outbox = new Outbox();
    for (const id of [1, 2, 3, 4, 5]) outbox.add(sized(id, 60 * KiB));
    expect(transcript(outbox)).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  it('sends a frame of more than 256 KiB in parts of 1 MiB while it is alone, and a value of 1 MiB as one part', () => {
    const outbox = new Outbox();
    outbox.add(small(1));
    outbox.add(sized(2, 1024 * KiB));
    outbox.add(sized(3, 1536 * KiB));
    const other = through(outbox, 2048 * KiB);
    const [first, ...whole] = other.pull()!;
    expect(first).toEqual(small(1));
    expect(valueOf(whole)).toHaveLength(1024 * KiB);
    expect(outbox.chunksUnderWay).toBe(1024 * KiB);
    expect(other.pull()).toEqual([]);
    expect(valueOf(other.pull())).toHaveLength(1536 * KiB);
    expect(other.pull()).toBeUndefined();
  });

  it('sends it in parts of 32 KiB, with at most 64 KiB in flight, while small frames pass', () => {
    const outbox = new Outbox();
    outbox.add(sized(2, 1624 * KiB));
    const other = through(outbox, 2048 * KiB);
    expect(other.pull()).toEqual([]);
    for (let left = 596; left > 32; left -= 32) {
      outbox.add(small(3));
      expect(other.pull()).toEqual([small(3)]);
      expect(outbox.chunksUnderWay).toBe(64 * KiB);
    }
    expect(valueOf(other.pull())).toHaveLength(1624 * KiB);
  });

  it('alternates between large frames', () => {
    const outbox = new Outbox();
    outbox.add(sized(1, 1600 * KiB));
    outbox.add(sized(2, 300 * KiB));
    const done = transcript(outbox, 2048 * KiB);
    expect(done.findIndex((ids) => ids.includes(2))).toBeLessThan(done.findIndex((ids) => ids.includes(1)));
  });

  it('keeps frames of a call behind its large frame', () => {
    const outbox = new Outbox();
    outbox.add(sized(1, 300 * KiB));
    outbox.add({ type: 'progress', id: 1, value: Buffer.alloc(1) });
    outbox.add(sized(1, 290 * KiB));
    outbox.add({ type: 'ended', id: 1, reason: '' });
    outbox.add(small(2));
    expect(transcript(outbox).flat()).toEqual([2, 1, 1, 1, 1]);
  });

  it('does not let a large frame overtake small ones of the same call', () => {
    const outbox = new Outbox();
    for (const id of [1, 2, 3]) outbox.add(sized(id, 60 * KiB));
    outbox.add(small(9));
    outbox.add(sized(9, 257 * KiB));
    const ids = transcript(outbox).flat();
    expect(ids).toEqual([1, 2, 3, 9, 9]);
  });

  it('delays parts on request, but never small frames', () => {
    const outbox = new Outbox();
    outbox.add(sized(1, 300 * KiB));
    const other = through(outbox);
    expect(other.pull(false)).toBeUndefined();
    outbox.add(small(2));
    expect(other.pull(false)).toEqual([small(2)]);
    expect(other.pull(false)).toBeUndefined();
    expect(transcript(outbox).length).toBe(Math.ceil(300 / 32));
  });

  it('sends a long text in parts, too', () => {
    const outbox = new Outbox();
    const line: Frame = { type: 'log', id: 0, level: 'log', text: 'x'.repeat(400 * KiB) };
    outbox.add(line);
    outbox.add(small(1));
    const other = through(outbox);
    expect(other.pull()).toEqual([small(1)]);
    const rest: Frame[] = [];
    for (let frames = other.pull(); frames !== undefined; frames = other.pull()) rest.push(...frames);
    expect(rest).toEqual([line]);
  });

  it('counts frames that were not pulled as backlog', () => {
    const outbox = new Outbox();
    expect([outbox.backlog, outbox.empty]).toEqual([0, true]);
    outbox.add(sized(1, 300 * KiB));
    outbox.add(sized(1, 280 * KiB));
    outbox.add(sized(2, 70 * KiB));
    expect(outbox.backlog).toBeGreaterThan(650 * KiB);
    expect(outbox.empty).toBe(false);
    transcript(outbox);
    expect([outbox.backlog, outbox.empty]).toEqual([0, true]);
  });

  it('does not copy a large payload before its turn', () => {
    const outbox = new Outbox();
    const value = Buffer.alloc(300 * KiB, 1);
    outbox.add({ type: 'return', id: 1, value, held: false });
    value.fill(2);
    const other = through(outbox);
    let came: Frame[] = [];
    for (let frames = other.pull(); frames !== undefined; frames = other.pull()) came = frames;
    expect(value.equals(valueOf(came))).toBe(true);
  });
});
