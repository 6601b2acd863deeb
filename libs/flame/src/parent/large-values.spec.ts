import { describe, expect, it, onTestFinished } from 'vitest';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { youngGeneration } from '../wire/young-generation.js';

const MiB = 1024 * 1024;

/** A pool with a call that has not returned yet. */
async function pending() {
  let answer: (value: unknown) => void = () => {};
  const running = new Promise<void>((begun) => {
    handler = () =>
      new Promise((resolve) => {
        answer = resolve;
        begun();
      });
  });
  const called = rig.call('later');
  await running;
  return async (bytes: number) => {
    answer(Buffer.alloc(bytes));
    await called;
  };
}

let handler: () => unknown;
const rig = new PoolRig({ later: () => handler() }, { max: 4 });

describe('A large value', () => {
  it('of a call that was there at the last collection has no other follow', async () => {
    onTestFinished(() => rig.pool.drain('the test is over'));
    const returned = await pending();
    youngGeneration.carried(2 * MiB);
    const before = youngGeneration.collections;
    await returned(2 * MiB);
    youngGeneration.carried(2 * MiB);
    expect(youngGeneration.collections).toBe(before);
    await (
      await pending()
    )(2 * MiB);
    youngGeneration.carried(2 * MiB);
    expect(youngGeneration.collections).toBe(before + 1);
  });
});
