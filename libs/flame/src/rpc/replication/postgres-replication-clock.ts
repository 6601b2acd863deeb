import { AsyncResource } from 'node:async_hooks';
import { SystemClock } from '../../system/system-clock.js';
import { badOption, show } from '../../core/options/option-reader.js';
import { databaseAnswer } from './database-answer.js';
import { positionSql, statesSql } from './postgres-sql.js';
import { ReplayWaits } from './replay-waits.js';
import type { PositionState } from './replay-waits.js';
import type { ReplicationClock } from './replication-clock.js';

/** Runs one SQL statement on the database that this instance reads, and resolves to its rows. The parameters are strings. */
export type SqlQuery = (sql: string, params: string[]) => Promise<unknown>;

/** A pool or client of the package `pg`. */
export interface PgClient {
  /** Runs a statement. */
  query(sql: string, params: string[]): Promise<{ rows: unknown[] }>;
}

/** A client of Prisma. */
export interface PrismaClient {
  /** Runs a statement, and gives its rows. */
  $queryRawUnsafe(sql: string, ...params: string[]): PromiseLike<unknown>;
}

/** A data source of TypeORM. */
export interface TypeOrmDataSource {
  /** Runs a statement, and gives its rows. */
  query(sql: string, params: string[]): Promise<unknown>;
}

const clock = new SystemClock();

/** System identifier, timeline and place in the log. */
const shape = /^(\d{1,20}):(\d{1,10}):([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/;

/**
 * The replication clock of PostgreSQL 14 or later with streaming replication. A position holds the system identifier, the timeline and
 * `pg_current_wal_insert_lsn()` of the primary; the replica compares it with `pg_last_wal_replay_lsn()`. All waiting calls share one query
 * at a time, and so do all handlers that end.
 *
 * The role needs no privileges. With `GRANT pg_read_all_stats` (part of `pg_monitor`), a replica that has followed a new primary tells at
 * once to which timeline it belongs. Without it, a write that was lost in a failover may count as reached until the replica's next restart
 * point (`checkpoint_timeout`, 5 minutes).
 */
export class PostgresReplicationClock implements ReplicationClock {
  readonly #query: SqlQuery;
  readonly #waits: ReplayWaits;
  /** The highest timeline that was seen. A database does not return to an earlier one. */
  #timeline = '0';
  /** A query is for many calls, and must not run in a transaction that the async context of one of them holds. */
  readonly #scope = new AsyncResource('FLAMEREPLICATION');
  #asking: Promise<string> | undefined;
  #next: Promise<string> | undefined;

  /** @throws {FlameError} FLAME_CONFIG if `query` is not a function. */
  constructor(query: SqlQuery) {
    if (typeof query !== 'function')
      throw badOption(
        'new PostgresReplicationClock(query)',
        `needs a function, but got ${show(query)}`,
        'Pass one that runs a statement and resolves to its rows, or use PostgresReplicationClock.pg, .prisma or .typeorm.',
      );
    this.#query = query;
    this.#waits = new ReplayWaits({ look: (positions) => this.#look(positions), clock });
  }

  /** For a pool or client of `pg`. */
  static pg(client: PgClient): PostgresReplicationClock {
    return new PostgresReplicationClock(async (sql, params) => (await client.query(sql, params)).rows);
  }

  /** For a client of Prisma. */
  static prisma(client: PrismaClient): PostgresReplicationClock {
    return new PostgresReplicationClock(async (sql, params) => client.$queryRawUnsafe(sql, ...params));
  }

  /** For a data source of TypeORM. With its option `replication`, queries go to the `master`: pass one of the replica instead. */
  static typeorm(dataSource: TypeOrmDataSource): PostgresReplicationClock {
    return new PostgresReplicationClock((sql, params) => dataSource.query(sql, params));
  }

  position(): Promise<string> {
    // A query that has begun may be too early for this caller. All that come while it runs share the next one.
    if (this.#next) return this.#next;
    if (!this.#asking) return this.#ask();
    return (this.#next = this.#asking.then(ignore, ignore).then(() => {
      this.#next = undefined;
      return this.#ask();
    }));
  }

  async reached(position: string, signal: AbortSignal): Promise<void> {
    if (!shape.test(position)) throw new Error(`${show(position)} is not a position of PostgresReplicationClock`);
    return this.#waits.wait(position, signal);
  }

  later(one: string, other: string): string {
    const [, , timelineOfOne, ...lsnOfOne] = shape.exec(one) ?? [];
    const [, , timelineOfOther, ...lsnOfOther] = shape.exec(other) ?? [];
    if (timelineOfOther === undefined) return one;
    if (timelineOfOne === undefined) return other;
    if (timelineOfOne !== timelineOfOther) return Number(timelineOfOne) > Number(timelineOfOther) ? one : other;
    return bytes(lsnOfOne) >= bytes(lsnOfOther) ? one : other;
  }

  #ask(): Promise<string> {
    const asking = this.#scope.runInAsyncScope(async () => {
      const [row] = await databaseAnswer(clock, this.#rows(positionSql, []));
      return String(row?.['position']);
    });
    this.#asking = asking;
    const over = (): void => void (this.#asking === asking && (this.#asking = undefined));
    asking.then(over, over);
    return asking;
  }

  async #look(positions: readonly string[]): Promise<PositionState[]> {
    const [row] = await this.#rows(statesSql, [positions.join(','), this.#timeline]);
    const { timeline = '0', states = '', system } = (row ?? {}) as Record<string, string>;
    if (Number(timeline) > Number(this.#timeline)) this.#timeline = timeline;
    return positions.map((position, index) => {
      const [, , since] = shape.exec(position)!;
      switch (states[index]) {
        case 'r':
          return 'reached';
        case 'l':
          return new Error(
            `the database has gone from timeline ${since} to ${timeline} since then, so the write may have been lost in the failover`,
          );
        case 'o':
          return new Error(`the local database (system identifier ${system}) is not a physical replica of the primary`);
        default:
          return 'pending';
      }
    });
  }

  async #rows(sql: string, params: string[]): Promise<Record<string, unknown>[]> {
    const rows = await this.#query(sql, params);
    if (Array.isArray(rows)) return rows as Record<string, unknown>[];
    throw new Error(`the query of PostgresReplicationClock must resolve to a list of rows, but resolved to ${show(rows)}`);
  }
}

/** The place in the log as one number: a pg_lsn is two 32-bit numbers. */
function bytes([high = '0', low = '0']: readonly string[]): bigint {
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

function ignore(): void {}
