import { describe, expect, it } from 'vitest';
import { ReceiveWindow, SendWindow, windowBytes, windowItems } from './window.js';

describe('SendWindow', () => {
  it('is closed until the consumer requests items, and then as wide as the request', () => {
    const window = new SendWindow();
    expect([window.open, window.opened]).toEqual([false, false]);
    window.grant(2);
    expect([window.open, window.opened]).toEqual([true, true]);
    window.sent(1);
    window.sent(1);
    expect(window.open).toBe(false);
    window.grant(1);
    expect(window.open).toBe(true);
  });

  it('closes when too many bytes are unread, and opens when the consumer has taken the oldest item', () => {
    const window = new SendWindow();
    window.grant(windowItems);
    window.sent(windowBytes - 1);
    expect(window.open).toBe(true);
    window.sent(1);
    expect(window.open).toBe(false);
    window.grant(1);
    expect(window.open).toBe(true);
  });

  it('grows no wider than its maximum, whatever the consumer requests', () => {
    const window = new SendWindow();
    window.grant(1e9);
    let sent = 0;
    for (; window.open; sent++) window.sent(1);
    expect(sent).toBe(windowItems);
  });

  it('counts no more items as taken than were sent', () => {
    const window = new SendWindow();
    window.grant(windowItems);
    window.sent(windowBytes);
    window.grant(1_000);
    expect(window.open).toBe(true);
    window.sent(windowBytes);
    expect(window.open).toBe(false);
  });
});

describe('ReceiveWindow', () => {
  it('grants in halves of the window', () => {
    const window = new ReceiveWindow();
    const grants = Array.from({ length: windowItems }, () => window.taken(1));
    expect(grants.filter((grant) => grant > 0)).toEqual([windowItems / 2, windowItems / 2]);
    expect(grants[windowItems / 2 - 1]).toBe(windowItems / 2);
  });

  it('grants sooner for large items', () => {
    const window = new ReceiveWindow();
    expect(window.taken(windowBytes / 2 - 1)).toBe(0);
    expect(window.taken(1)).toBe(2);
    expect(window.taken(windowBytes)).toBe(1);
  });

  it('never leaves a producer waiting when all its items were taken', () => {
    for (const size of [0, 1, 1_000, windowBytes / windowItems, windowBytes / 3, windowBytes, 3 * windowBytes]) {
      const producer = new SendWindow();
      const consumer = new ReceiveWindow();
      producer.grant(windowItems);
      for (let round = 0; round < 100; round++) {
        let sent = 0;
        for (; producer.open; sent++) producer.sent(size);
        expect(sent).toBeGreaterThan(0);
        for (; sent > 0; sent--) producer.grant(consumer.taken(size));
      }
    }
  });
});
