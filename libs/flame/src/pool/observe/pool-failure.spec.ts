import { describe, expect, it } from 'vitest';
import { RecentFailures } from './pool-failure.js';

const failure = { at: 1, type: 'call', code: 'FLAME_TIMEOUT', message: 'late', handler: 'A.run', runner: undefined } as const;

describe('RecentFailures', () => {
  it('lists the newest first, and counts repetitions', () => {
    const failures = new RecentFailures();
    failures.add(failure);
    failures.add({ ...failure, at: 2, message: 'later' });
    failures.add({ ...failure, at: 3, type: 'lost', code: 'lost', handler: undefined, runner: 'r1' });
    expect(failures.list).toEqual([
      { at: 3, type: 'lost', code: 'lost', message: 'late', handler: undefined, runner: 'r1', count: 1 },
      { ...failure, at: 2, message: 'later', count: 2 },
    ]);
  });

  it('keeps 50, and 2,000 characters of each', () => {
    const failures = new RecentFailures();
    for (let at = 0; at < 200; at++) failures.add({ ...failure, at, handler: `A.h${at}`, message: 'x'.repeat(5_000) });
    expect(failures.list).toHaveLength(50);
    expect(failures.list[0]).toMatchObject({ at: 199 });
    expect(failures.list[0]!.message).toHaveLength(2_001);
  });
});
