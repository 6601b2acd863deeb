import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../../../test/support/virtual-clock.js';
import { RingReader, RingWriter } from './shared-ring.js';
import { SharedSession } from './shared-memory.js';

const MiB = 1024 * 1024;
const size = 64 * MiB;
let folder: string;
let fd: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ring-'));
  fd = openSync(join(folder, 'ring'), 'w+');
});

afterEach(() => rmSync(folder, { recursive: true }));

const length = (): number => fstatSync(fd).size / MiB;

describe('RingWriter', () => {
  /** A ring whose file may have so many MiB, and a value of so many. */
  let limit: number;
  let ring: RingWriter;
  const value = (count: number): Uint8Array => Buffer.alloc(count * MiB, 1);
  let said: string[];

  beforeEach(() => {
    limit = 10;
    said = [];
    ring = new RingWriter(fd, size, 1, () => (limit - length()) * MiB);
    ring.watch({ used: () => void said.push('used'), short: () => void said.push('short') });
  });

  afterEach(() => closeSync(fd));

  it('grows as far as there is memory, and reports when a value finds none', () => {
    expect([ring.put(value(6))?.at, ring.put(value(6)), ring.put(value(3))]).toEqual([0, undefined, undefined]);
    expect(length()).toBe(6);
    expect(said).toEqual(['used', 'short', 'short']);
  });

  it('grows again when a shortage may have ended', () => {
    ring.put(value(6));
    ring.put(value(6));
    limit = 20;
    expect(ring.put(value(6))).toBeUndefined();
    ring.growAgain();
    expect(ring.put(value(6))?.at).toBe(6 * MiB);
  });

  it('wraps around early if it may not grow', () => {
    ring.put(value(4));
    ring.put(value(4));
    ring.seal(1, 1);
    ring.confirmed(1);
    expect(ring.put(value(3))).toEqual({ at: 0, length: 3 * MiB });
    expect(said).toEqual(['used', 'used', 'used']);
    expect(length()).toBe(8);
  });

  it('takes a value back if others used the memory while it was written', () => {
    ring.put(value(2));
    let steps = 0;
    const crowded = new RingWriter(fd, size, 1, () => (++steps < 4 ? Infinity : -1));
    expect(crowded.put(value(8))).toBeUndefined();
    expect(steps).toBe(4);
    expect(length()).toBe(0);
  });

  it('releases all memory when it is empty, and none while it contains a value', () => {
    ring.put(value(4));
    expect([ring.release(), length()]).toEqual([false, 4]);
    ring.seal(1, 1);
    ring.confirmed(1);
    expect([ring.release(), length()]).toEqual([true, 0]);
    expect(ring.put(value(1))?.at).toBe(0);
  });
});

describe('SharedSession', () => {
  let clock: VirtualClock;
  let ring: RingWriter;
  let said: string[];
  let free: number;
  let session: SharedSession;

  beforeEach(() => {
    clock = new VirtualClock();
    said = [];
    free = Infinity;
    ring = new RingWriter(fd, size, 1, () => free);
    const files = { outgoing: ring, incoming: new RingReader(openSync(join(folder, 'ring'), 'r'), size) };
    session = new SharedSession(files, clock, { idle: () => void said.push('idle'), short: () => void said.push('short') });
  });

  afterEach(() => session.close());

  it('releases memory when no value has passed for half a second, once the last is confirmed', async () => {
    ring.put(Buffer.alloc(MiB));
    ring.seal(1, 1);
    await clock.advance(500);
    ring.put(Buffer.alloc(MiB));
    ring.seal(2, 1);
    ring.confirmed(1);
    await clock.advance(500);
    expect([said, length()]).toEqual([[], 2]);
    await clock.advance(500);
    expect([said, length()]).toEqual([['idle'], 2]);
    ring.confirmed(2);
    await clock.advance(500);
    expect(length()).toBe(0);
    await clock.advance(60_000);
    expect(said).toEqual(['idle', 'idle']);
  });

  it('reports the first shortage, and tries again half a second later', async () => {
    free = 0;
    for (let i = 0; i < 3; i++) expect(ring.put(Buffer.alloc(MiB))).toBeUndefined();
    expect(said).toEqual(['short']);
    free = Infinity;
    await clock.advance(500);
    expect(ring.put(Buffer.alloc(MiB))).toBeDefined();
  });

  it('has no timer when it is closed', () => {
    ring.put(Buffer.alloc(MiB));
    expect(clock.pending).toBe(1);
    session.close();
    expect(clock.pending).toBe(0);
  });
});
