import { describe, expect, it } from 'vitest';
import type { PoolStats, RunnerStats } from '../pool/observe/pool-stats.js';
import { whyWaiting } from './why-waiting.js';

const runner = (more: Partial<RunnerStats>): RunnerStats => ({
  id: 'p-1',
  machine: undefined,
  state: 'ready',
  load: 1,
  slots: 1,
  served: 0,
  age: 0,
  suspended: false,
  ...more,
});

const pool = (more: Partial<PoolStats>): PoolStats => ({
  name: 'p',
  min: 0,
  max: 2,
  maxConcurrency: 1,
  waiting: 3,
  waitingFor: 10,
  running: 1,
  runners: [],
  paused: undefined,
  draining: false,
  calls: { started: 0, returned: 0, threw: 0, failed: 0 },
  ...more,
});

describe('whyWaiting', () => {
  it.each([
    ['nobody waits', pool({ waiting: 0 }), undefined, undefined],
    ['a pause', pool({ paused: 'the database moves' }), undefined, 'The pool is paused: the database moves.'],
    ['the first boot', pool({ runners: [runner({ state: 'booting' })] }), undefined, 'No runner is up, 1 runner is booting.'],
    [
      'one runner, one booting',
      pool({ max: 3, runners: [runner({}), runner({ state: 'booting' })] }),
      undefined,
      'Its runner is full, 1 runner is booting.',
    ],
    ['max', pool({ runners: [runner({}), runner({})] }), undefined, 'All 2 runners are full, the pool has its maximum of 2.'],
    [
      'a runner that leaves',
      pool({ runners: [runner({}), runner({ state: 'leaving' })] }),
      undefined,
      'Its runner is full, 1 runner is leaving, the pool has its maximum of 2.',
    ],
    ['a cut', pool({ max: 3, runners: [runner({ suspended: true })] }), undefined, '1 runner of 1 has lost its connection.'],
    ['failing boots', pool({}), 'docker: no such image\nlines', 'No runner can be booted: docker: no such image'],
  ])('explains in one sentence: %s', (_, stats, failure, why) => {
    expect(whyWaiting(stats, failure)).toBe(why);
  });
});
