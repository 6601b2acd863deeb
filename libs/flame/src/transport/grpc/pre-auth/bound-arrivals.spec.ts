import { EventEmitter } from 'node:events';
import type { Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../testing/virtual-clock.js';
import { boundArrivals } from './bound-arrivals.js';

function rig(perSecond: number) {
  const clock = new VirtualClock();
  const server = Object.assign(new EventEmitter(), { maxConnections: Infinity });
  boundArrivals(server as EventEmitter & Pick<Server, 'maxConnections' | 'on'>, perSecond, clock);
  /** How many are taken of so many that come at once, beside one that is there already. */
  const come = (count: number): number => {
    let taken = 0;
    for (let i = 0; i < count && server.maxConnections > 1; i++, taken++) server.emit('connection');
    return taken;
  };
  return { clock, server, come };
}

describe('boundArrivals', () => {
  it('lets as many in at once as there may be in a second', () => {
    const { come } = rig(500);
    expect(come(499)).toBe(499);
    expect(come(1_000)).toBe(1);
  });

  it('lets in so many in a second while more come all the time', async () => {
    const { clock, come } = rig(500);
    come(1_000);
    let taken = 0;
    for (let wave = 0; wave < 2_000; wave++) {
      taken += come(25);
      await clock.advance(1);
    }
    expect(taken).toBeGreaterThan(980);
    expect(taken).toBeLessThanOrEqual(1_000);
  });

  it('has as many again after a quiet second, and no more after a quiet minute', async () => {
    const { clock, come } = rig(20);
    come(1_000);
    await clock.advance(1_000);
    expect(come(1_000)).toBe(20);
    await clock.advance(60_000);
    expect(come(1_000)).toBe(20);
  });

  it('drops for as long whatever the server takes meanwhile, as it does where nothing is connected', async () => {
    const { clock, server, come } = rig(10);
    come(10);
    await clock.advance(50);
    server.emit('connection');
    expect(server.maxConnections).toBe(1);
    await clock.advance(50);
    expect(server.maxConnections).toBe(Infinity);
  });

  it('leaves no timer when its server closes', () => {
    const { clock, server, come } = rig(1);
    come(1);
    expect(clock.pending).toBe(1);
    server.emit('close');
    expect(clock.pending).toBe(0);
  });
});
