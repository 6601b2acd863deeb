import { PerformanceObserver, constants } from 'node:perf_hooks';
import type { PerformanceEntry } from 'node:perf_hooks';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { YoungGeneration } from './young-generation.js';

const MiB = 1024 * 1024;

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
