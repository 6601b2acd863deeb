import { AsyncLocalStorage } from 'node:async_hooks';
import { Inject, Injectable } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { PostgresReplicationClock, OnRegion, RegionRpc } from 'nestjs-flame/rpc';
import type { ReplicationClock } from 'nestjs-flame/rpc';
import type { Pool, PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import { expect, it, onTestFinished } from 'vitest';
import type { PostgresCluster } from '../../apps/demo/src/regions/postgres-cluster.js';
import { failure } from '../support/failure.js';
import { prismaClients } from '../support/prisma-clients.js';
import { until } from '../support/process-table.js';
import { Regions } from '../support/regions.js';
import { pause, ReplicatedPostgres, resume } from '../support/replicated-postgres.js';
import { SeededRandom } from '../support/seeded-random.js';

/** How many writes and reads the random test makes. */
const operations = Number(process.env['FLAME_REPLICATION_OPERATIONS'] ?? 10_000);

/** The connection of the transaction that this code runs in. */
const transaction = new AsyncLocalStorage<PoolClient>();

/** Runs a method in a transaction, as the decorators of transaction libraries do. */
function Transactional(): MethodDecorator {
  return (_target, _key, descriptor) => {
    const method = descriptor.value as unknown as (...args: unknown[]) => Promise<unknown>;
    descriptor.value = async function (this: Entries, ...args: unknown[]) {
      const client = await this.database.connect();
      await client.query('begin');
      const result = await transaction.run(client, () => method.apply(this, args));
      await client.query('commit');
      client.release();
      return result;
    } as never;
  };
}

/** Writes go to the primary; reads to the database of this instance's region. */
@Injectable()
class Entries {
  constructor(@Inject('DATABASE') readonly database: Pool) {}

  async version(key: string): Promise<number> {
    const { rows } = await this.database.query<{ version: number }>('select version from entries where key = $1', [key]);
    return rows[0]?.version ?? 0;
  }

  @OnRegion('primary', { awaitReplica: true })
  async put(key: string, version: number): Promise<number> {
    return this.#write(key, version);
  }

  @OnRegion('primary')
  async putOnly(key: string, version: number): Promise<number> {
    return this.#write(key, version);
  }

  @OnRegion('primary', { awaitReplica: true })
  async putInTransaction(key: string): Promise<void> {
    const client = await this.database.connect();
    await client.query('begin');
    await client.query('insert into entries (key, version) values ($1, 1)', [key]);
    await client.query('commit');
    client.release();
  }

  @OnRegion('primary', { awaitReplica: true })
  @Transactional()
  async putTransactional(key: string): Promise<void> {
    await transaction.getStore()!.query('insert into entries (key, version) values ($1, 1)', [key]);
  }

  async #write(key: string, version: number): Promise<number> {
    const { rows } = await this.database.query<{ version: number }>(
      `insert into entries (key, version) values ($1, $2)
       on conflict (key) do update set version = greatest(entries.version, excluded.version) returning version`,
      [key, version],
    );
    return rows[0]!.version;
  }
}

/** An instance in the primary region syd, on the primary, and one in hkg, on a replica. */
class TwoRegions {
  readonly regions = new Regions();
  primaryPool!: Pool;
  replicaPool!: Pool;
  primary!: TestingModule;
  far!: TestingModule;
  entries!: Entries;

  private constructor(
    readonly postgres: ReplicatedPostgres,
    readonly replica: PostgresCluster,
  ) {}

  static async start(clock: (pool: Pool) => ReplicationClock = (pool) => PostgresReplicationClock.pg(pool)): Promise<TwoRegions> {
    const postgres = await ReplicatedPostgres.start();
    const world = new TwoRegions(postgres, await postgres.replica());
    world.primaryPool = postgres.pool(postgres.primary);
    world.replicaPool = postgres.pool(world.replica);
    world.primary = await world.#instance('syd', world.primaryPool, clock(world.primaryPool));
    world.far = await world.#instance('hkg', world.replicaPool, clock(world.replicaPool));
    await world.regions.see(world.far, 2);
    world.entries = world.far.get(Entries);
    return world;
  }

  #instance(region: string, pool: Pool, replicationClock: ReplicationClock): Promise<TestingModule> {
    return this.regions.start(region, { providers: [{ provide: 'DATABASE', useValue: pool }, Entries] }, { replicationClock });
  }
}

it('With awaitReplica a read after a write sees it, without it the read misses it', async () => {
  let asked = 0;
  const counting = (pool: Pool): ReplicationClock =>
    new PostgresReplicationClock(async (sql, params) => {
      asked++;
      return (await pool.query(sql, params)).rows;
    });
  const { entries, replicaPool } = await TwoRegions.start(counting);
  await pause(replicaPool);
  expect(await entries.putOnly('a', 1)).toBe(1);
  expect([await entries.version('a'), asked]).toEqual([0, 0]);

  let settled = false;
  const writing = entries.put('a', 2).finally(() => (settled = true));
  // One for the position, the others for the replica.
  await until(() => asked > 3);
  expect([settled, await entries.version('a')]).toEqual([false, 0]);
  await resume(replicaPool);
  expect(await writing).toBe(2);
  expect(await entries.version('a')).toBe(2);
});

it('The position of a handler with a transaction is that after the commit', async () => {
  const { entries } = await TwoRegions.start();
  for (let i = 0; i < 50; i++) {
    await entries.putInTransaction(`inside ${i}`);
    expect(await entries.version(`inside ${i}`)).toBe(1);
    await entries.putTransactional(`around ${i}`);
    expect(await entries.version(`around ${i}`)).toBe(1);
  }
});

it(`No read after an awaited write is stale in ${operations} random operations in two regions, and without the option some are`, async () => {
  const { entries, primary, replicaPool } = await TwoRegions.start();
  const here = primary.get(Entries);
  const random = new SeededRandom(Number(process.env['FLAME_SEED'] ?? Date.now() % 1_000_000));
  const ended = new AbortController();
  const lag = (async () => {
    for (let on = true; !ended.signal.aborted; on = !on) {
      await (on ? pause : resume)(replicaPool);
      await new Promise((resolve) => setTimeout(resolve, random.below(on ? 40 : 20)));
    }
    await resume(replicaPool);
  })();

  /** Makes that many operations, 64 at a time. Returns how many reads were stale. */
  const run = async (count: number, kind: 'put' | 'putOnly'): Promise<{ reads: number; stale: number }> => {
    /** For each key, the highest version whose write has returned, and the highest that was sent. */
    const known = new Map<string, number>();
    const sent = new Map<string, number>();
    let [left, reads, stale] = [count, 0, 0];
    const work = async (): Promise<void> => {
      while (left-- > 0) {
        const key = `${kind} ${random.below(200)}`;
        const service = random.chance(0.2) ? here : entries;
        if (random.chance(0.5)) {
          const version = (sent.get(key) ?? 0) + 1;
          sent.set(key, version);
          await service[kind](key, version);
          // What was written in the primary region is not awaited, so only reads there must see it.
          if (service === entries) known.set(key, Math.max(known.get(key) ?? 0, version));
        } else {
          const expected = known.get(key) ?? 0;
          reads++;
          if ((await service.version(key)) < expected) stale++;
        }
      }
    };
    await Promise.all(Array.from({ length: 64 }, work));
    return { reads, stale };
  };

  const begun = performance.now();
  const awaited = await run(operations, 'put');
  const took = performance.now() - begun;
  const plain = await run(2_000, 'putOnly');
  ended.abort();
  await lag;
  console.log(
    `seed ${random.seed}: ${operations} operations in ${Math.round(took)} ms: ${awaited.stale} of ${awaited.reads} reads after awaited writes were stale; ` +
      `without awaitReplica ${plain.stale} of ${plain.reads}`,
  );
  expect(awaited.stale).toBe(0);
  expect(plain.stale).toBeGreaterThan(0);
}, 300_000);

it('Without lag, an awaited write costs little more than a plain one', async () => {
  const { entries } = await TwoRegions.start();
  const median = async (kind: 'put' | 'putOnly'): Promise<number> => {
    const took: number[] = [];
    for (let i = 0; i < 200; i++) {
      const begun = performance.now();
      await entries[kind](kind, i);
      took.push(performance.now() - begun);
    }
    return took.sort((a, b) => a - b)[100]!;
  };
  await median('put');
  const [plain, awaited] = [await median('putOnly'), await median('put')];
  console.log(`a plain write takes ${plain.toFixed(2)} ms in the median, an awaited one ${awaited.toFixed(2)} ms`);
  expect(awaited).toBeLessThan(plain + 50);
});

it('While the replica is stopped, calls fail with their result after the timeout, and succeed when it is back', async () => {
  const { entries, far, replica } = await TwoRegions.start();
  await replica.stop();
  const hasty = far.get(RegionRpc).onPrimary(Entries, { awaitReplica: { timeout: 300 } });
  expect(await failure(hasty.put('a', 1))).toMatchObject({
    code: 'FLAME_TIMEOUT',
    ran: 'yes',
    result: 1,
    message: expect.stringMatching(/did not have its writes 300 ms after .*last error: connect ECONNREFUSED/),
  });
  const patient = entries.put('a', 2);
  await replica.start();
  expect(await patient).toBe(2);
  expect(await entries.version('a')).toBe(2);
});

it('A lag above the timeout fails the call', async () => {
  const { far, replicaPool } = await TwoRegions.start();
  await pause(replicaPool);
  const rpc = far.get(RegionRpc);
  const error = await failure(rpc.onPrimary(Entries, { awaitReplica: { timeout: 200 } }).put('a', 1));
  expect(error).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'yes', result: 1 });
  expect(await rpc.onPrimary(Entries, { awaitReplica: { timeout: 200, onTimeout: 'return' } }).put('a', 2)).toBe(2);
});

it('A promoted replica has what it had replayed, and calls whose writes it lost fail at once', async () => {
  const { entries, postgres, primaryPool, replicaPool } = await TwoRegions.start();
  const [onPrimary, onReplica] = [PostgresReplicationClock.pg(primaryPool), PostgresReplicationClock.pg(replicaPool)];
  await entries.put('a', 1);
  const replayed = await onPrimary.position();
  await onReplica.reached(replayed, limit());
  await disconnect(replicaPool);
  const lost = failure(entries.put('a', 2));
  await until(async () => (await primaryPool.query('select 1 from entries where version = 2')).rowCount === 1);
  const lostPosition = await onPrimary.position();
  await postgres.primary.kill();
  await replicaPool.query('select pg_promote()');
  expect(await lost).toMatchObject({
    code: 'FLAME_LOST',
    ran: 'yes',
    result: 2,
    message: expect.stringContaining('has gone from timeline 1 to 2 since then, so the write may have been lost in the failover'),
  });
  await onReplica.reached(replayed, limit());
  // Also when it has written more than what was lost.
  await replicaPool.query("insert into entries (key) select 'new ' || n from generate_series(1, 1000) as n");
  await expect(onReplica.reached(lostPosition, limit())).rejects.toThrow('timeline 1 to 2');
  const own = await onReplica.position();
  expect(own).toMatch(/^\d+:2:/);
  await onReplica.reached(own, limit());
  expect(onReplica.later(own, lostPosition)).toBe(own);
});

it('A replica that follows a promoted one tells positions of the old timeline from those of the new one', async () => {
  const postgres = await ReplicatedPostgres.start();
  const [next, local] = [await postgres.replica(), await postgres.replica()];
  const [primaryPool, nextPool, localPool] = [postgres.primary, next, local].map((cluster) => postgres.pool(cluster)) as [Pool, Pool, Pool];
  await primaryPool.query('create role plain login; grant select on entries to plain');
  await postgres.caughtUp(nextPool, primaryPool);
  await postgres.caughtUp(localPool, primaryPool);
  const clock = PostgresReplicationClock.pg(localPool);
  await Promise.all([disconnect(nextPool), disconnect(localPool)]);
  await primaryPool.query("insert into entries (key) values ('lost')");
  const lost = await PostgresReplicationClock.pg(primaryPool).position();
  await postgres.primary.kill();
  await nextPool.query('select pg_promote()');
  await nextPool.query("insert into entries (key) select 'new ' || n from generate_series(1, 1000) as n");
  const later = await PostgresReplicationClock.pg(nextPool).position();
  await local.follow(next);
  await clock.reached(later, limit());
  expect((await localPool.query("select 1 from entries where key = 'new 1000'")).rowCount).toBe(1);
  await expect(clock.reached(lost, limit())).rejects.toThrow('timeline 1 to 2');
  // Without the privilege to see the timeline that is received, a new one counts as followed.
  await PostgresReplicationClock.pg(postgres.pool(local, 'plain')).reached(later, limit());
});

it('The last record of a page or of a file of the log is reached at once, without another write', async () => {
  const { primaryPool, replicaPool } = await TwoRegions.start();
  const [onPrimary, onReplica] = [PostgresReplicationClock.pg(primaryPool), PostgresReplicationClock.pg(replicaPool)];
  await primaryPool.query('select pg_switch_wal()');
  await onReplica.reached(await onPrimary.position(), AbortSignal.timeout(2_000));
  const within = async (): Promise<number> => {
    const { rows } = await primaryPool.query<{ at: string }>("select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn) % 8192 as at");
    return Number(rows[0]!.at);
  };
  const message = async (length: number): Promise<void> =>
    void (await primaryPool.query("select pg_logical_emit_message(false, 'test', repeat('x', $1))", [length]));
  // A record that ends with its page; the server may write one of its own in between.
  for (let at = await within(); at !== 24; at = await within()) {
    const before = at;
    await message(1_000);
    at = await within();
    const length = 8192 - at - (at - before - 1_000);
    if (at > before && length > 1_000) await message(length);
  }
  await onReplica.reached(await onPrimary.position(), AbortSignal.timeout(2_000));
});

it('A position of another database is refused', async () => {
  const [postgres, other] = [await ReplicatedPostgres.start(), await ReplicatedPostgres.start()];
  const position = await PostgresReplicationClock.pg(other.pool(other.primary)).position();
  const clock = PostgresReplicationClock.pg(postgres.pool(postgres.primary));
  await expect(clock.reached(position, limit())).rejects.toThrow('is not a physical replica of the primary');
  await expect(clock.reached("1:1:0/0'; drop table entries", limit())).rejects.toThrow('is not a position of PostgresReplicationClock');
});

it('A primary database that goes between the write and its position fails the call with its result', async () => {
  let crash: (() => Promise<void>) | undefined;
  const { entries, postgres } = await TwoRegions.start((pool) => {
    const clock = PostgresReplicationClock.pg(pool);
    return { position: async () => (await crash?.(), clock.position()), reached: (position, signal) => clock.reached(position, signal) };
  });
  crash = () => postgres.primary.kill();
  expect(await failure(entries.put('a', 1))).toMatchObject({
    code: 'FLAME_LOST',
    ran: 'yes',
    result: 1,
    message: expect.stringMatching(/the primary region does not know its position: .*(ECONNREFUSED|terminat)/),
  });
  crash = undefined;
  await postgres.primary.start();
  expect(await entries.put('a', 2)).toBe(2);
  expect(await entries.version('a')).toBe(2);
});

it('The queries run through TypeORM', async () => {
  const postgres = await ReplicatedPostgres.start();
  const replica = await postgres.replica();
  const [onPrimary, onReplica] = await Promise.all(
    [postgres.primary, replica].map(async ({ url }) => {
      const source = await new DataSource({ type: 'postgres', url }).initialize();
      onTestFinished(() => source.destroy());
      return source;
    }),
  );
  await onPrimary!.query("insert into entries (key) values ('typeorm')");
  const position = await PostgresReplicationClock.typeorm(onPrimary!).position();
  await PostgresReplicationClock.typeorm(onReplica!).reached(position, limit());
  expect(await onReplica!.query('select key from entries')).toEqual([{ key: 'typeorm' }]);
});

it('The queries run through Prisma', async () => {
  const postgres = await ReplicatedPostgres.start();
  const replica = await postgres.replica();
  const [onPrimary, onReplica] = await prismaClients(postgres.primary.url, replica.url);
  await onPrimary!.entry.create({ data: { key: 'prisma' } });
  const position = await PostgresReplicationClock.prisma(onPrimary!).position();
  await PostgresReplicationClock.prisma(onReplica!).reached(position, limit());
  expect((await onReplica!.entry.findMany()).map(({ key }) => key)).toEqual(['prisma']);
});

/** For waits that are expected to end. */
function limit(): AbortSignal {
  return AbortSignal.timeout(10_000);
}

/** Ends the connection of a replica to its primary, so that it receives nothing more. */
async function disconnect(replica: Pool): Promise<void> {
  await replica.query("alter system set primary_conninfo = ''");
  await replica.query('select pg_reload_conf()');
  await until(async () => (await replica.query('select 1 from pg_stat_wal_receiver')).rowCount === 0);
}
