import { describe, expect, it, onTestFinished } from 'vitest';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { youngGeneration } from '../wire/young-generation.js';

const MiB = 1024 * 1024;

let handler: () => unknown;
const rig = new PoolRig({ later: () => handler() }, { max: 4 });

/** A call that runs; what is given back has it return so many bytes. */
async function pending(): Promise<(bytes: number) => Promise<void>> {
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
  return async (bytes) => {
    answer(Buffer.alloc(bytes));
    await called;
  };
}

describe('A large value', () => {
  it('has no collection follow where its call was there at the last one, and has where it was not', async () => {
    onTestFinished(() => rig.pool.drain('the test is over'));
    const older = await pending();
    youngGeneration.carried(2 * MiB);
    const before = youngGeneration.collections;
    await older(2 * MiB);
    youngGeneration.carried(2 * MiB);
    expect(youngGeneration.collections).toBe(before);
    const younger = await pending();
    await younger(2 * MiB);
    youngGeneration.carried(2 * MiB);
    expect(youngGeneration.collections).toBe(before + 1);
  });
});
