import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { AbortListeners } from './abort-listeners.js';

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('AbortListeners', () => {
  it('has one listener on a signal, regardless of the number of followers, and none without followers', () => {
    const { signal } = new AbortController();
    const listeners = new AbortListeners();
    const ends = Array.from({ length: 100 }, () => listeners.follow(signal, () => {}));
    expect(listenersOf(signal)).toBe(1);
    for (const end of ends.slice(1)) end();
    expect(listenersOf(signal)).toBe(1);
    ends[0]!();
    ends[0]!();
    expect(listenersOf(signal)).toBe(0);
    listeners.follow(signal, () => {});
    expect(listenersOf(signal)).toBe(1);
  });

  it('calls each follower once, but none that has stopped', () => {
    const controller = new AbortController();
    const listeners = new AbortListeners();
    const told: string[] = [];
    const same = (): void => void told.push('same');
    listeners.follow(controller.signal, same);
    listeners.follow(controller.signal, same);
    listeners.follow(controller.signal, () => told.push('gone'))();
    // A follower may stop another one while it is told.
    const stop = listeners.follow(controller.signal, () => stopLast());
    const stopLast = listeners.follow(controller.signal, () => told.push('last'));
    controller.abort();
    stop();
    expect(told).toEqual(['same', 'same']);
    expect(listenersOf(controller.signal)).toBe(0);
  });
});
