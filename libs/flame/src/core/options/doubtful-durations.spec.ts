import { describe, expect, it } from 'vitest';
import { doubtfulDurations } from './doubtful-durations.js';
import { readPoolOptions } from './pool-config.js';
import type { PoolOptions } from './pool-options.js';

const warnings = (options: Partial<PoolOptions>, bootIsFree = false): string[] =>
  doubtfulDurations(readPoolOptions({ name: 'ffmpeg', max: 1, ...options }, 'pools[0]'), bootIsFree);

describe('doubtfulDurations', () => {
  it.each([
    [{ idleShutdownAfter: 30 }, 'idleShutdownAfter is 30 milliseconds, '],
    [{ idleShutdownAfter: { after: 30, check: () => true } }, 'for 30 seconds set idleShutdownAfter to 30000'],
    [{ minIdleShutdownAfter: 600 }, 'for 600 seconds set minIdleShutdownAfter to 600000'],
    [{ maxLifetime: 900 }, 'for 900 seconds set maxLifetime to 900000'],
    [{ queueTimeout: 5, bootTimeout: 10 }, 'queueTimeout (5 ms) is less than bootTimeout (10 ms)'],
  ])('warns of %j', (options, text) => {
    expect(warnings(options)).toEqual([expect.stringContaining(text)]);
    expect(warnings(options)[0]).toMatch(/^pool "ffmpeg": /);
  });

  it.each([{}, { idleShutdownAfter: 0, minIdleShutdownAfter: 0 }, { idleShutdownAfter: 1_000, maxLifetime: Infinity }])(
    'accepts %j',
    (options) => expect(warnings(options)).toEqual([]),
  );

  it('lets runners within this process end at any pace', () => {
    expect(warnings({ idleShutdownAfter: 30 }, true)).toEqual([]);
  });
});
