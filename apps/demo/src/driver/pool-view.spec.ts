import type { PoolStats, RunnerStats } from 'nestjs-flame';
import { describe, expect, it } from 'vitest';
import { poolView, sparkline } from './pool-view.js';

function runner(id: string, more: Partial<RunnerStats>): RunnerStats {
  return { id, machine: undefined, state: 'booting', load: 0, slots: 2, served: 0, age: 0, suspended: false, ...more };
}

function pool(more: Partial<PoolStats>): PoolStats {
  const calls = { started: 0, returned: 0, threw: 0, failed: 0 };
  return {
    name: 'ffmpeg',
    min: 0,
    max: 4,
    maxConcurrency: 2,
    waiting: 0,
    waitingFor: 0,
    running: 0,
    runners: [],
    paused: undefined,
    draining: false,
    calls,
    ...more,
  };
}

const busy = pool({
  running: 1,
  waiting: 3,
  runners: [runner('ffmpeg-10', {}), runner('ffmpeg-2', { machine: 'pid 4711', state: 'ready', load: 1, served: 5 })],
});
const batch = {
  videos: [
    { state: 'checked' as const, thumbnails: 3 },
    { state: 'waiting' as const, thumbnails: 0 },
  ],
  arrived: 3,
  expected: 6,
};

describe('poolView', () => {
  it('draws runners in the order of their numbers, with pid, state and slots', () => {
    expect(poolView({ stats: busy, history: [0, 1] }, batch).lines()).toEqual([
      'runners   ▂  1 ready, 1 booting of 4 runners',
      '  ffmpeg-2         pid 4711   ready     slots ■□  5 taken',
      '  ffmpeg-10                   booting',
      'calls    1 running, 3 waiting',
      'videos   ● ·   3 of 6 thumbnails',
    ]);
  });

  it('prints the same in one line', () => {
    expect(poolView({ stats: busy, history: [] }, batch).line()).toBe(
      '1 ready, 1 booting of 4 runners · 1 running, 3 waiting · 3 of 6 thumbnails',
    );
  });

  it('shows an empty pool, and nothing before the first sample', () => {
    expect(poolView({ stats: pool({}), history: [] }).line()).toBe('0 of 4 runners · 0 running, 0 waiting');
    expect(poolView({ stats: undefined, history: [] }).lines()).toEqual([]);
  });
});

describe('sparkline', () => {
  it.each([
    [[0, 1, 2, 4], 4, ' ▂▄█'],
    [[1, 2, 3], 2, '▄█'.concat('█')],
    [[], 4, ''],
  ])('draws %j of %i as "%s"', (samples, max, line) => {
    expect(sparkline(samples, max, 10)).toBe(line);
  });

  it('keeps the peak of the samples that it draws together', () => {
    expect(sparkline([0, 0, 0, 1, 4, 1, 0, 0], 4, 4)).toBe(' ▂█ ');
    expect(sparkline([0, 1, 2, 3, 4, 0, 0], 4, 3)).toHaveLength(3);
  });
});
