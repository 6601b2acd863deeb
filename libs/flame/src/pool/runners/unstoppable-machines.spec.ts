import { expect, it } from 'vitest';
import { PoolRig } from '../../../../../test/support/pool-rig.js';

it('A pool whose backend cannot end a machine warns, and boots another runner in its place', async () => {
  const rig = new PoolRig(
    { 'Work.run': async () => 'ran' },
    { max: 1, singleUse: true },
    {
      boot: async (request) => {
        const machine = await request.inProcess();
        return Object.create(machine, {
          stop: { value: () => Promise.reject(new Error('the platform does not answer')) },
        }) as typeof machine;
      },
    },
  );
  expect([await rig.call('Work.run'), await rig.call('Work.run')]).toEqual(['ran', 'ran']);
  await rig.pool.drain();
  expect(rig.log.lines.filter((line) => line.includes('may still be running: the platform does not answer'))).toHaveLength(2);
});
