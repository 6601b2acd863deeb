import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { youngGeneration } from '../transport/session/young-generation.js';

const MiB = 1024 * 1024;

describe('A large value', () => {
  let handler: () => unknown;
  let rig: PoolRig;
  beforeEach(() => void (rig = new PoolRig({ later: () => handler() }, { max: 4 })));
  afterEach(() => rig.pool.drain('the test is over'));

  /** A call that runs; what is given back has it return so many bytes. */
  async function pending(...args: unknown[]): Promise<(bytes: number) => Promise<void>> {
    let answer: (value: unknown) => void = () => {};
    const running = new Promise<void>((begun) => {
      handler = () =>
        new Promise((resolve) => {
          answer = resolve;
          begun();
        });
    });
    const called = rig.call('later', args);
    await running;
    return async (bytes) => {
      answer(Buffer.alloc(bytes));
      await called;
    };
  }

  it('has a collection follow unless its call was there at the last one', async () => {
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

  it('has a collection follow unless it is an argument of a call that runs', async () => {
    const before = youngGeneration.collections;
    const running = await pending(Buffer.alloc(4 * MiB));
    youngGeneration.shared(4 * MiB);
    expect(youngGeneration.collections).toBe(before);
    await running(0);
    const over = await pending(Buffer.alloc(4 * MiB));
    await over(0);
    youngGeneration.shared(4 * MiB);
    expect(youngGeneration.collections).toBe(before + 1);
  });
});
