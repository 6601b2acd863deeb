import { PostgresReplicationClock } from 'nestjs-flame/rpc';
import { Pool } from 'pg';
import { onTestFinished } from 'vitest';
import { PostgresCluster } from '../../apps/demo/src/regions/postgres-cluster.js';

/** A primary and its streaming replicas, which end with the test, and a pool of connections to each. */
export class ReplicatedPostgres {
  readonly #pools: Pool[] = [];

  private constructor(readonly primary: PostgresCluster) {}

  static async start(): Promise<ReplicatedPostgres> {
    const primary = await PostgresCluster.primary();
    onTestFinished(() => primary.remove());
    const postgres = new ReplicatedPostgres(primary);
    onTestFinished(() => postgres.#close());
    await postgres.pool(primary).query('create table entries (id serial primary key, key text unique, version int not null default 0)');
    return postgres;
  }

  /** Another replica, which has caught up. */
  async replica(): Promise<PostgresCluster> {
    const replica = await PostgresCluster.replicaOf(this.primary);
    onTestFinished(() => replica.remove());
    await this.caughtUp(this.pool(replica), this.pool(this.primary));
    return replica;
  }

  pool(cluster: PostgresCluster, user = 'app'): Pool {
    const pool = new Pool({ connectionString: cluster.urlAs(user), max: 20 });
    // The server may be ended while a connection is idle.
    pool.on('error', () => {});
    this.#pools.push(pool);
    return pool;
  }

  async caughtUp(replica: Pool, primary: Pool): Promise<void> {
    const position = await PostgresReplicationClock.pg(primary).position();
    await PostgresReplicationClock.pg(replica).reached(position, AbortSignal.timeout(20_000));
  }

  async #close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.end()));
  }
}

export const pause = (replica: Pool): Promise<unknown> => replica.query('select pg_wal_replay_pause()');
export const resume = (replica: Pool): Promise<unknown> => replica.query('select pg_wal_replay_resume()');
