import { onTestFinished } from 'vitest';
import { until } from '../../../support/process-table.js';
import { fromApps } from './from-apps.js';

interface Client {
  connect(): Promise<void>;
  query<Row>(sql: string, values?: readonly unknown[]): Promise<{ rows: Row[] }>;
  end(): Promise<void>;
}

/** A test's own connection to the database of an app. */
export class DatabaseClient {
  readonly #client: Client;

  static async connect(url: string): Promise<DatabaseClient> {
    const { Client } = fromApps<{ Client: new (url: string) => Client }>('pg');
    const client = new Client(url);
    await client.connect();
    return new DatabaseClient(client);
  }

  /** Begins a transaction that holds the rows of a query. Resolves to what ends it, at the latest with the test. */
  static async hold(url: string, select: string, ...values: unknown[]): Promise<() => Promise<void>> {
    const client = await DatabaseClient.connect(url);
    onTestFinished(() => client.end());
    await client.query('BEGIN');
    await client.query(`${select} FOR UPDATE`, ...values);
    return () => client.end();
  }

  private constructor(client: Client) {
    this.#client = client;
  }

  async query<Row>(sql: string, ...values: unknown[]): Promise<Row[]> {
    return (await this.#client.query<Row>(sql, values)).rows;
  }

  /** How many connections a program has, of which some wait for a row that another one has locked. */
  async connectionsOf(program: string): Promise<{ all: number; locked: number }> {
    const sql = `SELECT count(*)::int AS "all", count(*) FILTER (WHERE wait_event_type = 'Lock')::int AS locked
      FROM pg_stat_activity WHERE application_name = $1`;
    return (await this.query<{ all: number; locked: number }>(sql, program))[0]!;
  }

  /** Resolves when a program has connections as described. */
  async connections(program: string, described: (found: { all: number; locked: number }) => boolean): Promise<void> {
    await until(async () => described(await this.connectionsOf(program)), AbortSignal.timeout(30_000));
  }

  end(): Promise<void> {
    return this.#client.end();
  }
}
