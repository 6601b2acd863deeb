import { ConflictException } from '@nestjs/common';
import { FlameError } from 'nestjs-flame';
import { describe, expect, it } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { Ledger, LedgerWorld, log, older } from '../../../../../test/support/ledger-world.js';
import { logged, startApp } from '../../../../../test/support/nest-app.js';
import { ReplicatedLog } from '../../../../../test/support/replicated-log.js';
import { until } from '../../../../../test/support/process-table.js';
import { FlameRpcModule } from '../flame-rpc.module.js';
import { OnRegion } from '../on-region.decorator.js';
import { RegionRpc } from '../region-rpc.service.js';

describe('awaitReplica', () => {
  it('gives the result once the local replica has the writes', async () => {
    const world = await LedgerWorld.start();
    let settled = false;
    const call = world.ledger.write().finally(() => (settled = true));
    await world.waits();
    await new Promise(setImmediate);
    expect(settled).toBe(false);
    world.replica.replay(1);
    expect(await call).toBe(1);
  });

  it('is an option of a call, and false there turns it off', async () => {
    const world = await LedgerWorld.start();
    const call = world.rpc.onPrimary(Ledger, { awaitReplica: true }).plain();
    await world.waits();
    world.replica.replay(1);
    expect(await call).toBe(1);
    expect(await world.rpc.on('syd', Ledger, { awaitReplica: false }).write()).toBe(2);
    expect(log.current.reads).toBe(1);
  });

  it('does not read the position for calls without it', async () => {
    const world = await LedgerWorld.start();
    expect(await world.ledger.plain()).toBe(1);
    expect(log.current.reads).toBe(0);
  });

  it('waits for nothing in the primary region', async () => {
    const world = await LedgerWorld.start();
    expect(await world.primary.get(Ledger).write()).toBe(1);
    expect(await world.primary.get(RegionRpc).onPrimary(Ledger, { awaitReplica: true }).plain()).toBe(2);
    expect(log.current.reads).toBe(0);
  });

  it('fails after its timeout with the result in the error, which is neither printed nor enumerable', async () => {
    const world = await LedgerWorld.start();
    const error = await failure(world.ledger.hasty());
    expect(error).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'yes', result: 'written 1' });
    expect(error.message).toBe('Ledger.hasty ran, but the local replica did not have its writes 50 ms after the result had come.');
    expect(Object.keys(error)).not.toContain('result');
    expect(world.replica.waiting.size).toBe(0);
  });

  it("returns the result after its timeout with onTimeout: 'return', and warns once a minute", async () => {
    const world = await LedgerWorld.start();
    expect(await world.ledger.lenient()).toBe(1);
    expect(await world.ledger.lenient()).toBe(2);
    expect(logged.filter((line) => line.includes("(onTimeout: 'return')"))).toHaveLength(1);
  });

  it("ends with the call's own time", async () => {
    const world = await LedgerWorld.start();
    const error = await failure(world.ledger.limited());
    expect(error).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'yes', result: 1 });
    expect(Number(/writes (\d+) ms after/.exec(error.message)![1])).toBeLessThanOrEqual(300);
  });

  it("ends with the call's signal", async () => {
    const world = await LedgerWorld.start();
    const controller = new AbortController();
    const call = failure(world.rpc.onPrimary(Ledger, { signal: controller.signal }).write());
    await world.waits();
    controller.abort(new Error('the user left'));
    expect(await call).toMatchObject({
      code: 'FLAME_CANCELLED',
      ran: 'yes',
      result: 1,
      message: 'Ledger.write ran, and was cancelled while it waited for the local replica: the user left',
    });
    expect(world.replica.waiting.size).toBe(0);
  });

  it('waits for what a handler wrote before it threw, and then throws its error', async () => {
    const world = await LedgerWorld.start();
    let settled = false;
    const thrown = world.ledger.refuse().then(
      () => undefined,
      (error: unknown) => ((settled = true), error),
    );
    await world.waits();
    await new Promise(setImmediate);
    expect(settled).toBe(false);
    world.replica.replay(1);
    expect(await thrown).toBeInstanceOf(ConflictException);
  });

  it('fails with the result when the position is unknown, or will never be reached', async () => {
    const world = await LedgerWorld.start();
    log.current.trouble = new Error('the database is gone');
    expect(await failure(world.ledger.write())).toMatchObject({
      code: 'FLAME_LOST',
      ran: 'yes',
      result: 1,
      message: expect.stringContaining('the primary region does not know its position: the database is gone'),
    });
    log.current.trouble = undefined;
    world.replica.trouble = new Error('another history');
    expect(await failure(world.ledger.write())).toMatchObject({
      code: 'FLAME_LOST',
      ran: 'yes',
      result: 2,
      message: 'Ledger.write ran, but whether the local replica has its writes cannot be known: another history.',
    });
  });

  it('runs nothing on instances that do not report positions, unless the result may be returned all the same', async () => {
    const world = await LedgerWorld.start({});
    const error = await failure(world.rpc.onPrimary(Ledger, { awaitReplica: true }).plain());
    expect(error).toMatchObject({
      code: 'FLAME_DENIED',
      ran: 'no',
      message: expect.stringContaining("does not report the position of the database's log"),
    });
    expect(log.current.written).toBe(0);
    expect(await world.ledger.lenient()).toBe(1);
    expect(logged.join('\n')).toContain('Ledger.lenient did not wait for the local replica');
  });

  it('prefers an instance that reports positions', async () => {
    const world = await LedgerWorld.start();
    await world.regions.start('syd', { providers: [older] });
    await world.regions.see(world.far, 3);
    world.replica.replay(1_000);
    for (let i = 1; i <= 20; i++) expect(await world.ledger.lenient()).toBe(i);
    expect(log.current.reads).toBe(20);
  });

  it('is refused for another region than the primary one, here and there', async () => {
    const world = await LedgerWorld.start();
    const expected = {
      code: 'FLAME_CONFIG',
      ran: 'no',
      message:
        'Ledger.anywhere has the option awaitReplica, but goes to region "hkg": only calls to the primary region ("syd") can wait for the replica. Omit awaitReplica.',
    };
    expect(await failure(world.ledger.anywhere('hkg'))).toMatchObject(expected);
    expect(await failure(world.primary.get(Ledger).anywhere('hkg'))).toMatchObject(expected);
    await world.regions.see(world.primary, 2);
    const [, far] = world.primary.get(RegionRpc).instances();
    const call = world.primary.get(RegionRpc).onInstance(far!.id, Ledger, { awaitReplica: true }).plain();
    expect(await failure(call)).toMatchObject({ code: 'FLAME_CONFIG', message: expect.stringContaining('goes to region "hkg"') });
  });

  it('needs a replicationClock: with the decorator at the start, for a call when it is made', async () => {
    await expect(startApp({ imports: [FlameRpcModule.forRoot()], providers: [Ledger] })).rejects.toThrow(
      /^@OnRegion on Ledger\.\w+ has the option awaitReplica, but FlameRpcModule has no replicationClock\. Set it, for example to PostgresReplicationClock\.pg\(pool\)\.$/,
    );
  });

  it('reads the position before the instance leaves, so that its callers get the answer', async () => {
    // After this time the instance no longer waits for its callers to leave, only for what runs here.
    const world = await LedgerWorld.start({ replicationClock: (log.current = new ReplicatedLog()), reconnectTimeout: 20 });
    let release!: () => void;
    log.current.held = new Promise((resolve) => (release = resolve));
    const call = world.ledger.write();
    await until(() => log.current.reads === 1);
    let over = false;
    const closed = world.primary.close().then(() => (over = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(over).toBe(false);
    release();
    await world.waits();
    world.replica.replay(1);
    expect(await call).toBe(1);
    await closed;
  });

  it.each([
    [{ awaitReplica: 5 }, 'awaitReplica must be true, false or options, but is 5'],
    [{ awaitReplica: { timeout: -1 } }, 'awaitReplica.timeout must be a time in milliseconds'],
    [{ awaitReplica: { onTimeout: 'wait' } }, "awaitReplica.onTimeout must be one of 'fail', 'return', but is \"wait\""],
    [{ awaitReplica: { timout: 1 } }, 'awaitReplica.timout is not an option'],
  ])('refuses %o', (options, message) => {
    const decorate = (): void => {
      class Wrong {
        @OnRegion('primary', options as never)
        async run(): Promise<void> {}
      }
      void Wrong;
    };
    expect(decorate).toThrow(FlameError);
    expect(decorate).toThrow(message);
  });
});

describe('replicationClock', () => {
  it('must have both methods', () => {
    expect(() => FlameRpcModule.forRoot({ replicationClock: {} as never })).toThrow(
      'FlameRpcModule.forRoot options.replicationClock must have the methods position and reached, but is an object (Object). Pass for example PostgresReplicationClock.pg(pool).',
    );
  });
});
