import { PerformanceObserver, constants } from 'node:perf_hooks';
import type { PerformanceEntry } from 'node:perf_hooks';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Frame } from '../../core/session/frame.js';
import { LargeValues, PacketSession, SpareMemory, spareMemory, YoungGeneration, youngGeneration } from './large-values.js';

const KiB = 1024;
const MiB = 1024 * KiB;

function call(id: number, args: Uint8Array = Buffer.alloc(0)): Frame {
  return { type: 'call', id, handler: 0, args, mode: 'call', handlerTimeout: 0, linked: true, attempt: 1 };
}

function returned(id: number, bytes: number, held = false): Frame {
  return { type: 'return', id, value: Buffer.alloc(bytes), held };
}

const thrown = (id: number): Frame => ({ type: 'throw', id, error: Buffer.alloc(0), held: false });
const refused = (id: number): Frame => ({ type: 'refuse', id, code: 'FLAME_REFUSED', ran: 'no', reason: '', held: false });
const ended = (id: number): Frame => ({ type: 'ended', id, reason: '' });

/** How many collections follow when so many bytes are read out of shared memory. */
function collections(bytes: number): number {
  const before = youngGeneration.collections;
  youngGeneration.shared(bytes);
  return youngGeneration.collections - before;
}

describe('LargeValues', () => {
  let values: LargeValues;
  beforeEach(() => {
    // Once left out, once not: the next look begins with nothing.
    youngGeneration.shared(4 * MiB);
    youngGeneration.shared(4 * MiB);
    values = new LargeValues();
  });

  describe('requests no collection after a result', () => {
    it('whose call existed at the last collection', () => {
      values.sent(call(1));
      expect(collections(4 * MiB)).toBe(1);
      values.came(returned(1, 4 * MiB));
      expect(collections(4 * MiB)).toBe(0);
      values.sent(call(2));
      values.came(returned(2, 4 * MiB));
      expect(collections(4 * MiB)).toBe(1);
    });

    it('whose call existed before another call was sent', () => {
      values.sent(call(1));
      expect(collections(4 * MiB)).toBe(1);
      values.sent(call(2));
      values.came(returned(1, 4 * MiB));
      expect(collections(4 * MiB)).toBe(0);
      values.came(returned(2, 4 * MiB));
      expect(collections(4 * MiB)).toBe(1);
    });
  });

  describe('requests no collection after arguments', () => {
    it('while their call runs', () => {
      values.came(call(1, Buffer.alloc(4 * MiB)));
      expect(collections(4 * MiB)).toBe(0);
    });

    it.each<[string, Frame]>([
      ['returned', returned(1, 0)],
      ['threw', thrown(1)],
      ['was refused', refused(1)],
      ['ended', ended(1)],
    ])('but when it %s', (_, frame) => {
      values.came(call(1, Buffer.alloc(4 * MiB)));
      values.sent(frame);
      expect(collections(4 * MiB)).toBe(1);
    });

    it('while its resources are held', () => {
      values.came(call(1, Buffer.alloc(4 * MiB)));
      values.sent(returned(1, 0, true));
      expect(collections(4 * MiB)).toBe(0);
    });
  });

  describe('reuses the memory of arguments', () => {
    const size = 333 * KiB;
    const usedAgain = (args: Buffer): boolean => spareMemory.take(size).buffer === args.buffer;

    it.each<[string, Frame]>([
      ['returned', returned(1, 0)],
      ['threw', thrown(1)],
    ])('when the call %s, once', (_, frame) => {
      const args = spareMemory.take(size);
      values.sent(call(1, args));
      expect(usedAgain(args)).toBe(false);
      values.came(frame);
      expect(usedAgain(args)).toBe(true);
      values.came(frame);
      expect(usedAgain(args)).toBe(false);
    });

    it('but not when the call was refused and may be sent to another runner', () => {
      const args = spareMemory.take(size);
      values.sent(call(1, args));
      values.came(refused(1));
      values.came(returned(1, 0));
      expect(usedAgain(args)).toBe(false);
    });
  });
});

describe('SpareMemory', () => {
  it('reuses returned memory, also if only a part of it was used', () => {
    const spare = new SpareMemory();
    const memory = spare.take(100 * KiB);
    spare.giveBack(memory.subarray(5, 60 * KiB));
    expect(spare.take(90 * KiB).buffer).toBe(memory.buffer);
  });

  it('never lends memory twice', () => {
    const spare = new SpareMemory();
    const memory = spare.take(100 * KiB);
    expect(spare.take(100 * KiB).buffer).not.toBe(memory.buffer);
    spare.giveBack(memory);
    spare.giveBack(memory);
    expect(spare.take(100 * KiB).buffer).toBe(memory.buffer);
    expect(spare.take(100 * KiB).buffer).not.toBe(memory.buffer);
  });

  it('accepts no memory that it did not lend, or that is in use', () => {
    const spare = new SpareMemory();
    const strange = Buffer.alloc(100 * KiB);
    const kept = spare.take(100 * KiB);
    spare.keep(kept);
    spare.giveBack(strange);
    spare.giveBack(kept);
    expect([strange.buffer, kept.buffer]).not.toContain(spare.take(100 * KiB).buffer);
  });

  it('lends memory that is large enough, and at most four times as large', () => {
    const spare = new SpareMemory();
    const [small, large] = [spare.take(100 * KiB), spare.take(1000 * KiB)];
    spare.giveBack(small);
    spare.giveBack(large);
    expect([small.buffer, large.buffer]).not.toContain(spare.take(101 * KiB).buffer);
    expect(spare.take(900 * KiB).buffer).toBe(large.buffer);
    expect(spare.take(25 * KiB).length).toBe(25 * KiB);
  });

  it('drops waiting memory beyond 64 MiB, oldest first', () => {
    const spare = new SpareMemory();
    const lent = Array.from({ length: 3 }, () => spare.take(30 * KiB * KiB));
    for (const memory of lent) spare.giveBack(memory);
    expect(spare.take(30 * KiB * KiB).buffer).toBe(lent[2]!.buffer);
    expect(spare.take(30 * KiB * KiB).buffer).toBe(lent[1]!.buffer);
    expect(lent.map(({ buffer }) => buffer)).not.toContain(spare.take(30 * KiB * KiB).buffer);
  });
});

describe('PacketSession', () => {
  const size = 77 * KiB;

  it('reuses the memory of packets when they are confirmed', () => {
    const session = new PacketSession();
    const packet = spareMemory.take(size);
    session.sent(packet);
    expect(spareMemory.take(size).buffer).not.toBe(packet.buffer);
    session.confirm(1);
    expect(spareMemory.take(size).buffer).toBe(packet.buffer);
  });

  it('but not of packets that were sent again, which may still be in flight', () => {
    const session = new PacketSession();
    const [again, later] = [spareMemory.take(size), spareMemory.take(size)];
    session.sent(again);
    expect(session.unconfirmed()).toEqual([again]);
    session.sent(later);
    session.confirm(2);
    const next = [spareMemory.take(size).buffer, spareMemory.take(size).buffer];
    expect(next).toContain(later.buffer);
    expect(next).not.toContain(again.buffer);
  });
});

/** What Node's types leave out. */
type Collection = PerformanceEntry & { readonly detail: { readonly kind: number; readonly flags: number } };

function counted() {
  let collected = 0;
  const young = new YoungGeneration(() => void collected++);
  return { young, collected: () => collected };
}

describe('YoungGeneration', () => {
  it('is collected for every 2 MiB that large packets carry', () => {
    const { young, collected } = counted();
    young.carried(2 * MiB - 1);
    expect(collected()).toBe(0);
    for (let i = 0; i < 1_000; i++) young.carried(16 * 1024 - 1);
    expect(collected()).toBe(0);
    young.carried(16 * 1024);
    for (let i = 0; i < 30; i++) young.carried(100 * 1024);
    expect([collected(), young.collections]).toEqual([2, 2]);
  });

  it('is collected for every 4 MiB that are read from shared memory', () => {
    const { young, collected } = counted();
    for (let i = 0; i < 127; i++) young.shared(32 * 1024);
    expect(collected()).toBe(0);
    young.shared(32 * 1024);
    expect(collected()).toBe(1);
    young.shared(3 * MiB);
    young.carried(MiB / 2);
    expect(collected()).toBe(2);
  });

  it('is not collected while most of the received bytes are arguments of running calls', () => {
    const { young, collected } = counted();
    const begun = young.begins(3 * MiB);
    young.shared(4 * MiB);
    expect(collected()).toBe(0);
    // It was a reason once.
    young.shared(4 * MiB);
    expect(collected()).toBe(1);
    young.ended(3 * MiB, begun);
    young.begins(2.5 * MiB);
    young.shared(4 * MiB);
    expect(collected()).toBe(1);
    young.ended(2.5 * MiB, young.begins(2.5 * MiB));
    young.shared(4 * MiB);
    expect(collected()).toBe(2);
  });

  it('is not collected while most of the received bytes are held by calls older than the last collection', () => {
    const { young, collected } = counted();
    const carry = (bytes: number, old: boolean): void => {
      if (old) young.heldByOld(bytes);
      young.carried(bytes);
    };
    for (let i = 0; i < 5; i++) carry(2 * MiB, true);
    expect(collected()).toBe(0);
    carry(2 * MiB, false);
    carry(1.2 * MiB, false);
    carry(0.8 * MiB, true);
    expect(collected()).toBe(2);
  });

  it('is not collected if FLAME_YOUNG_COLLECTIONS is off, and collected if it is on', () => {
    const collectedWith = (word: string): number => {
      let collected = 0;
      const young = new YoungGeneration(() => void collected++, { FLAME_YOUNG_COLLECTIONS: word });
      young.carried(10 * MiB);
      young.shared(10 * MiB);
      return collected;
    };
    expect([collectedWith('off'), collectedWith('on')]).toEqual([0, 2]);
  });

  it.each(['', 'no', '0', 'OFF'])('refuses FLAME_YOUNG_COLLECTIONS=%j', (word) => {
    expect(() => new YoungGeneration(undefined, { FLAME_YOUNG_COLLECTIONS: word })).toThrow(
      `the environment variable FLAME_YOUNG_COLLECTIONS is "${word}". Set it to "on" (the default) or "off"`,
    );
  });

  it('is not collected in a process whose environment says so', () => {
    vi.stubEnv('FLAME_YOUNG_COLLECTIONS', 'off');
    const young = new YoungGeneration();
    vi.unstubAllEnvs();
    young.carried(10 * MiB);
    expect(young.collections).toBe(0);
  });

  it('collects only the young generation', async () => {
    const seen: unknown[] = [];
    const told = new Promise<void>((resolve) => {
      const observer = new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          const { kind, flags } = (entry as Collection).detail;
          if (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) seen.push(kind);
        }
        if (seen.length === 0) return;
        observer.disconnect();
        resolve();
      });
      observer.observe({ entryTypes: ['gc'] });
    });
    new YoungGeneration().carried(2 * MiB);
    await told;
    expect(seen).toEqual([constants.NODE_PERFORMANCE_GC_MINOR]);
    expect([typeof globalThis.gc, runInNewContext('typeof gc')]).toEqual(['undefined', 'undefined']);
  });
});
