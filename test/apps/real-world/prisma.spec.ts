import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatabaseClient } from './support/database-client.js';
import { Postgres } from './support/postgres.js';
import { RunningApp } from './support/running-app.js';

const tables = `
CREATE TABLE "Product" (id int PRIMARY KEY, name text UNIQUE NOT NULL, price numeric(10, 2) NOT NULL, stock int NOT NULL);
CREATE TABLE "Order" (id serial PRIMARY KEY, "productId" int NOT NULL REFERENCES "Product" (id), quantity int NOT NULL,
  total numeric(10, 2) NOT NULL, "placedAt" timestamp(3) NOT NULL DEFAULT now());
INSERT INTO "Product" VALUES (1, 'pen', 2.50, 10), (2, 'book', 19.99, 3);`;

interface Placed {
  readonly [field: string]: unknown;
  readonly placedBy: number;
}

describe('a shop with Prisma and Postgres', () => {
  let postgres: Postgres;
  let database: DatabaseClient;
  let app: RunningApp;

  beforeAll(async () => {
    postgres = await Postgres.start();
    database = await DatabaseClient.connect(postgres.url);
    for (const statement of tables.split(';\n')) await database.query(statement);
    app = await RunningApp.serving('prisma/main.js', { DATABASE_URL: postgres.url });
  });
  afterAll(async () => {
    await app?.stop();
    await database?.end();
    await postgres?.stop();
  });

  const stock = async (id: number): Promise<unknown> => (await app.get(`/products/${id}/stock`)).body;

  it('places an order on a runner, whose dates and decimals arrive as such', async () => {
    const { status, body } = await app.post<Placed>('/products/2/orders/2', {});
    expect(status, app.output).toBe(201);
    expect(body.placedBy).not.toBe(app.pid);
    expect(body).toMatchObject({ productId: 2, quantity: 2, total: '39.98', vat: '7.60', year: new Date().getUTCFullYear() });
    expect(await stock(2)).toBe('1');
  });

  it('rolls the transaction back if the handler throws', async () => {
    expect(await app.post('/products/2/orders/5', {}), app.output).toMatchObject({ status: 409 });
    expect(await stock(2)).toBe('1');
    expect(await database.query('SELECT quantity FROM "Order"')).toEqual([{ quantity: 2 }]);
  });

  it("answers 404 to Prisma's error from the runner", async () => {
    expect(await app.get('/products/4711/stock'), app.output).toMatchObject({ status: 404 });
  });

  /** Holds a product's row. */
  const locked = (id: number): Promise<() => Promise<void>> =>
    DatabaseClient.hold(postgres.url, 'SELECT * FROM "Product" WHERE id = $1', id);

  it('keeps a runner within its connections, and leaves none when it ends', async () => {
    const release = await locked(1);
    const orders = Array.from({ length: 4 }, () => app.post<Placed>('/products/1/orders/1', {}));
    await database.connections('shop-runner', ({ locked }) => locked === 2);
    await release();
    const placed = await Promise.all(orders);
    expect(
      placed.map(({ status }) => status),
      app.output,
    ).toEqual([201, 201, 201, 201]);
    // Unused ones would stay for ten seconds.
    expect(await database.connectionsOf('shop-runner')).toEqual({ all: 2, locked: 0 });
    process.kill(placed[0]!.body.placedBy, 'SIGTERM');
    await database.connections('shop-runner', ({ all }) => all === 0);
    expect(await stock(1)).toBe('6');
  });

  it('rolls a transaction back whose runner is lost in the middle', async () => {
    const { placedBy } = (await app.post<Placed>('/products/2/orders/1', {})).body;
    const release = await locked(1);
    const order = app.post('/products/1/orders/1', {});
    await database.connections('shop-runner', ({ locked }) => locked === 1);
    process.kill(placedBy, 'SIGKILL');
    expect(await order, app.output).toMatchObject({ status: 500 });
    await release();
    await database.connections('shop-runner', ({ all }) => all === 0);
    expect(await stock(1)).toBe('6');
  });
});
