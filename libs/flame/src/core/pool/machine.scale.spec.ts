import { describe, expect, it } from 'vitest';
import { PoolTranscript } from '../../../../../test/support/pool-transcript.js';
import { PoolCall } from './entries.js';

/** A call that counts how often its deadline is looked at: the work of a step, in a measure that is the same on every machine. */
class CountedCall extends PoolCall {
  static looks = 0;

  constructor(id: number, queueTimeout: number) {
    super(id, `c${id}`, queueTimeout, 1_000_000, Infinity, true);
    let at = Infinity;
    Object.defineProperty(this, 'at', {
      get: () => {
        CountedCall.looks += 1;
        return at;
      },
      set: (value: number) => {
        at = value;
      },
    });
  }
}

/** Fills `runners` runners, lets `waiting` calls wait, and gives the dearest of many steps in which a call ends and another comes. */
function dearestStep(runners: number, waiting: number): number {
  const pool = new PoolTranscript({ max: runners, min: runners, maxQueue: Infinity });
  pool.tell({ type: 'start' });
  for (let n = 1; n <= runners; n++) pool.tell({ type: 'up', runner: `r${n}` });
  const calls: CountedCall[] = [];
  const call = (): void => {
    const next = new CountedCall(calls.length, 1_000_000 + ((calls.length * 7_919) % 1_000));
    calls.push(next);
    pool.tell({ type: 'call', call: next });
  };
  for (let n = 0; n < runners + waiting; n++) call();
  let dearest = 0;
  for (let n = 0; n < 1_000; n++) {
    CountedCall.looks = 0;
    expect(pool.tell({ type: 'ended', call: calls[n]! })).toHaveLength(1);
    call();
    dearest = Math.max(dearest, CountedCall.looks);
  }
  return dearest;
}

describe('PoolMachine at scale', () => {
  it('makes a step in logarithmic time: 10,000 runners and 100,000 waiting calls cost as much as their depth in a heap', () => {
    const depth = Math.log2(110_000);
    expect(dearestStep(10_000, 100_000)).toBeLessThan(16 * depth);
  });
});
