import { describe, expect, it } from 'vitest';
import { SaturationWindow } from './saturation.js';
import type { Saturation } from './saturation.js';

interface Phase {
  readonly lasts: number;
  readonly loop?: number;
  readonly queue?: number;
  readonly calls?: number;
  /** A sample comes when the event loop is free: every so many milliseconds. */
  readonly every?: number;
}

/** What the window says first in the course of these phases. */
function found(...phases: Phase[]): Saturation | undefined {
  const window = new SaturationWindow();
  let [at, active, queued] = [5_000, 700, 30];
  window.take({ at, active, queued, calls: 0 });
  for (const { lasts, loop = 0, queue = 0, calls = 0, every = 250 } of phases) {
    for (const end = at + lasts; at < end;) {
      const step = Math.min(every, end - at);
      [at, active, queued] = [at + step, active + step * loop, queued + step * queue];
      const saturation = window.take({ at, active, queued, calls });
      if (saturation) return saturation;
    }
  }
  return undefined;
}

describe('SaturationWindow', () => {
  it('measures how busy the last three seconds were with several calls', () => {
    expect(found({ lasts: 4_000, loop: 0.95, calls: 12 })).toEqual({
      calls: 12,
      over: 3_000,
      loop: expect.closeTo(0.95) as number,
      queue: 0,
    });
  });

  it('detects a blocked event loop in which calls ran one after the other, whenever it begins', () => {
    const busy = { lasts: 4_000, loop: 1, calls: 12, every: 4_000 };
    expect(found({ lasts: 10_000 }, busy)).toMatchObject({ calls: 12, loop: 1 });
    expect(found({ lasts: 10_000 }, { lasts: 249 + 4_000, loop: 4_000 / 4_249, calls: 12, every: 5_000 })).toMatchObject({ calls: 12 });
  });

  it('detects calls that queue for the thread pool while the event loop is idle', () => {
    expect(found({ lasts: 4_000, loop: 0.02, queue: 0.97, calls: 12 })).toMatchObject({ calls: 12, queue: expect.closeTo(0.97) as number });
  });

  it.each<[string, Phase[]]>([
    ['one call at a time', [{ lasts: 60_000, loop: 1, calls: 1 }]],
    ['calls that leave the event loop time', [{ lasts: 60_000, loop: 0.8, queue: 0.8, calls: 50 }]],
    ['bursts', Array.from({ length: 20 }, (_, index) => ({ lasts: 2_000, loop: index % 2, calls: 5 }))],
    ['work of the app without calls', [{ lasts: 60_000, loop: 1, calls: 0 }]],
    [
      'a call that computes while others pass by',
      Array.from({ length: 20 }, (_, index) => ({ lasts: 1_000, loop: 1, calls: index % 4 ? 1 : 9 })),
    ],
    [
      'calls at once that were over before the work began',
      [
        { lasts: 1_000, calls: 9 },
        { lasts: 20_000, loop: 1, calls: 1 },
      ],
    ],
  ])('reports nothing for %s', (_, phases) => {
    expect(found(...phases)).toBeUndefined();
  });
});
