import { describe, expect, it } from 'vitest';
import { SpareMemory } from './spare-memory.js';

const KiB = 1024;

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
