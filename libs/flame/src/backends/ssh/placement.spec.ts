import { describe, expect, it } from 'vitest';
import { HostFailure } from './host-failure.js';
import { placesTaken, tryInOrder } from './placement.js';
import type { Place } from './placement.js';

function place(name: string, used: number, max: number, down = false): Place {
  return { name, used, config: { max }, resting: down ? new HostFailure(name, 'it is down', 'Start it.') : undefined };
}

describe('tryInOrder', () => {
  it('begins with the fewest runners relative to max, and leaves out full hosts', () => {
    const hosts = [place('half', 2, 4), place('full', 2, 2), place('quarter', 2, 8), place('empty', 0, 1)];
    expect(tryInOrder(hosts).map(({ name }) => name)).toEqual(['empty', 'quarter', 'half']);
  });

  it('tries hosts that have just failed last, and keeps the order of equal ones', () => {
    const hosts = [place('down', 0, 4, true), place('first', 1, 4), place('second', 1, 4)];
    expect(tryInOrder(hosts).map(({ name }) => name)).toEqual(['first', 'second', 'down']);
  });
});

describe('placesTaken', () => {
  it('names each host with its places', () => {
    expect(placesTaken([place('10.0.0.7', 4, 4), place('10.0.0.8', 2, 2)])).toBe('10.0.0.7 (4 of 4), 10.0.0.8 (2 of 2)');
  });
});
