import { describe, expect, it } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { Ledger, LedgerWorld } from '../../../../../test/support/ledger-world.js';
import { until } from '../../../../../test/support/process-table.js';

describe('awaitReplica of a method with streams', () => {
  it('holds back the end of a stream, not its items', async () => {
    const world = await LedgerWorld.start();
    const read: number[] = [];
    const reading = (async () => {
      for await (const item of world.ledger.items()) read.push(item);
    })();
    await world.waits();
    expect(read).toEqual([1, 2]);
    expect([...world.replica.waiting.values()].map(({ at }) => at)).toEqual([1]);
    world.replica.replay(1);
    await reading;
  });

  it('fails the end of a stream after its timeout', async () => {
    const world = await LedgerWorld.start();
    const read: number[] = [];
    const reading = (async () => {
      for await (const item of world.ledger.items()) read.push(item);
    })();
    expect(await failure(reading)).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'yes', message: expect.stringContaining('200 ms') });
    expect(read).toEqual([1, 2]);
  });

  it('leaves the wait to the end of the streams of a result', async () => {
    const world = await LedgerWorld.start();
    const { before, rest } = await world.ledger.nested();
    expect([before, world.replica.waiting.size]).toEqual([1, 0]);
    const reading = (async () => {
      for await (const item of rest) expect(item).toBe(1);
    })();
    await world.waits();
    world.replica.replay(2);
    await reading;
  });

  it('no longer waits for the end of a stream whose caller has left', async () => {
    const world = await LedgerWorld.start();
    const controller = new AbortController();
    const reading = (async () => {
      for await (const _ of world.rpc.onPrimary(Ledger, { signal: controller.signal, awaitReplica: true }).items());
    })();
    await world.waits();
    controller.abort();
    expect(await failure(reading)).toMatchObject({ code: 'FLAME_CANCELLED' });
    await until(() => world.replica.waiting.size === 0);
  });
});
