import { describe, expect, it } from 'vitest';
import { PacketSession, spareMemory } from './spare-memory.js';

const size = 77 * 1024;

describe('PacketSession', () => {
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
