import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Postgres } from './support/postgres.js';
import { RunningApp } from './support/running-app.js';

interface Client {
  connect(): Promise<void>;
  query(sql: string): Promise<unknown>;
  end(): Promise<void>;
}

interface Invoice {
  readonly database: string;
  readonly amount: number;
  readonly pid: number;
}

const tenants = ['acme', 'globex'];

describe('an app with a database for each tenant, found by nestjs-cls', () => {
  let postgres: Postgres;
  let app: RunningApp;

  beforeAll(async () => {
    postgres = await Postgres.start();
    for (const tenant of tenants) await query('postgres', `create database ${tenant}`);
    for (const tenant of tenants) await query(tenant, 'create table invoice (amount int primary key)');
    app = await RunningApp.serving('tenants/main.js', { DATABASE_URL: postgres.url });
  });
  afterAll(async () => {
    await app?.stop();
    await postgres?.stop();
  });

  it('never mixes up tenants whose calls and streams run on one runner at once', async () => {
    const amounts = Array.from({ length: 40 }, (_, amount) => amount);
    const tenantOf = (amount: number): string => tenants[amount % 2]!;
    const made = await Promise.all(
      amounts.map(async (amount) => (await app.post<Invoice>('/invoices', { amount }, { 'x-tenant': tenantOf(amount) })).body),
    );
    const [{ pid }] = made as [Invoice];
    expect(pid).not.toBe(app.pid);
    expect(made, app.output).toEqual(amounts.map((amount) => ({ database: tenantOf(amount), amount, pid })));
    const lists = await Promise.all(
      amounts.map(async (amount) => (await app.get<number[]>('/invoices', { 'x-tenant': tenantOf(amount) })).body),
    );
    expect(lists, app.output).toEqual(amounts.map((asked) => amounts.filter((amount) => amount % 2 === asked % 2)));
  });

  it('answers 401 without a known tenant', async () => {
    expect((await app.get('/invoices', { 'x-tenant': 'unknown' })).status, app.output).toBe(401);
  });

  async function query(database: string, sql: string): Promise<void> {
    const { Client } = createRequire(join(inject('realWorld'), 'package.json'))('pg') as { Client: new (options: object) => Client };
    const url = new URL(postgres.url);
    url.pathname = database;
    const client = new Client({ connectionString: url.href });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }
});
