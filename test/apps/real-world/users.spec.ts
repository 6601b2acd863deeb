import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { DatabaseClient } from './support/database-client.js';
import { Postgres } from './support/postgres.js';
import { RunningApp } from './support/running-app.js';

interface UserBody {
  readonly id: number;
  readonly [field: string]: unknown;
}

describe('an app of users, with TypeORM, Postgres and a global ClassSerializerInterceptor', () => {
  let postgres: Postgres;
  let database: DatabaseClient;
  let app: RunningApp;

  beforeAll(async () => {
    postgres = await Postgres.start();
    database = await DatabaseClient.connect(postgres.url);
    app = await RunningApp.serving('users/main.js', { DATABASE_URL: postgres.url });
  });
  afterAll(async () => {
    await app?.stop();
    await database?.end();
    await postgres?.stop();
  });

  const ada = { email: ' Ada@Example.com ', password: 'enchantress', firstName: 'Ada', lastName: 'Lovelace', device: { name: ' phone ' } };

  it('keeps the password and the hash of a session out of a response whose entity came from a runner', async () => {
    const created = await app.post<UserBody>('/api/users', { ...ada, email: 'first@example.com' });
    expect(created.status, app.output).toBe(201);
    const found = await app.get<UserBody>(`/api/users/${created.body.id}`);
    expect(found.status, app.output).toBe(200);
    for (const { body } of [created, found]) expect(JSON.stringify(body)).not.toMatch(/scrypt\$|session\$|assword|"hash"/);
    expect(found.body).toEqual({
      id: created.body.id,
      firstName: 'Ada',
      lastName: 'Lovelace',
      fullName: 'Ada Lovelace',
      createdAt: expect.stringMatching(/^\d{4}-/) as string,
      role: { id: 2, name: 'user' },
      sessions: [{ id: expect.any(Number) as number, device: 'phone' }],
    });
  });

  it('exposes the fields of the groups that the route names', async () => {
    const { body } = await app.post<UserBody>('/api/users', ada);
    const me = await app.get<UserBody>(`/api/users/${body.id}/me`);
    expect(me.body, app.output).toMatchObject({ email: 'ada@example.com', provider: 'email', fullName: 'Ada Lovelace' });
    expect(me.body).not.toHaveProperty('password');
  });

  it('serializes instances of a domain class that a mapper created, inside of a page of them', async () => {
    await app.post('/api/users', { ...ada, email: 'page@example.com' });
    const { status, body } = await app.get<{ data: UserBody[]; pid: number }>('/api/users?limit=1');
    expect(status, app.output).toBe(200);
    expect(body.pid).not.toBe(app.pid);
    expect(body.data).toEqual([{ id: 1, firstName: 'Ada', lastName: 'Lovelace', fullName: 'Ada Lovelace', role: { id: 2, name: 'user' } }]);
  });

  it('passes the validated DTO to the runner as an instance, including getters and nested methods', async () => {
    const blocked = await app.post('/api/users', { ...ada, email: 'ada@example.org' });
    expect(blocked, app.output).toEqual({ status: 422, body: { errors: { email: 'blockedDomain' } } });
    const invalid = await app.post('/api/users', { ...ada, password: 'short' });
    expect(invalid.status).toBe(400);
  });

  it('answers 404 if the runner throws a NotFoundException', async () => {
    expect(await app.get('/api/users/4711')).toMatchObject({ status: 404, body: { message: 'user 4711 does not exist' } });
  });

  it('refuses an instance of an unregistered class with methods, and names its path and class', async () => {
    const refused = await app.get('/api/users/1/invoices');
    expect(refused.status).toBe(500);
    expect(JSON.stringify(refused.body)).not.toContain('DE00');
    await app.line(/UsersService\.invoices.*invoices\[0\].*Invoice/);
  });

  it('answers 409 to an error of the database that was thrown on the runner', async () => {
    const body = { ...ada, email: 'twice@example.com' };
    expect((await app.post('/api/users', body)).status, app.output).toBe(201);
    expect((await app.post('/api/users', body)).status, app.output).toBe(409);
  });

  const runnerPid = async (): Promise<number> => (await app.get<{ pid: number }>('/api/users?limit=1')).body.pid;
  const register = async (email: string): Promise<number> => (await app.post<UserBody>('/api/users', { ...ada, email })).body.id;
  const sessions = async (id: number): Promise<unknown> => (await app.get<UserBody>(`/api/users/${id}`)).body.sessions;

  /** Holds a user's row. */
  const locked = (id: number): Promise<() => Promise<void>> => DatabaseClient.hold(postgres.url, 'SELECT * FROM "user" WHERE id = $1', id);

  it('keeps each runner within the connections that the options give it, and leaves none when it ends', async () => {
    const id = await register('busy@example.com');
    const release = await locked(id);
    const merges = Array.from({ length: 4 }, () => app.post(`/api/users/${id}/merge/1`, {}));
    await database.connections('users-runner', ({ locked }) => locked === 2);
    await release();
    expect(
      (await Promise.all(merges)).map(({ status }) => status),
      app.output,
    ).toEqual([201, 201, 201, 201]);
    // Unused ones would stay for ten seconds.
    expect(await database.connectionsOf('users-runner')).toEqual({ all: 2, locked: 0 });
    process.kill(await runnerPid(), 'SIGTERM');
    await database.connections('users-runner', ({ all }) => all === 0);
  });

  it('rolls a transaction back whose runner is lost in the middle, and goes on with another runner', async () => {
    const [from, into] = [await register('from@example.com'), await register('into@example.com')];
    const lost = await runnerPid();
    const release = await locked(from);
    const merged = app.post(`/api/users/${from}/merge/${into}`, {});
    await database.connections('users-runner', ({ locked }) => locked === 1);
    process.kill(lost, 'SIGKILL');
    expect(await merged, app.output).toMatchObject({ status: 500 });
    await app.line(/UsersService\.merge.*SIGKILL/);
    await release();
    await database.connections('users-runner', ({ locked }) => locked === 0);
    expect(await sessions(from)).toHaveLength(1);
    expect(await app.post(`/api/users/${from}/merge/${into}`, {}), app.output).toMatchObject({ status: 201 });
    expect(await sessions(into)).toHaveLength(2);
    expect(await runnerPid()).not.toBe(lost);
  });

  it('does not warn of a schema that only the parent changes', () => {
    expect(app.output).not.toMatch(/(runner|Flame).*(synchronize|migrationsRun)/);
  });

  it('warns of synchronize and migrationsRun if a runner has them, too', async () => {
    const careless = await RunningApp.serving('users/main.js', { DATABASE_URL: postgres.url, DATABASE_SCHEMA: 'changed by runners' });
    try {
      expect((await careless.get('/api/users?limit=1')).status, careless.output).toBe(200);
      await careless.line(/synchronize/);
      await careless.line(/migrationsRun/);
    } finally {
      await careless.stop();
    }
  });

  it('finds entities and migrations by paths in runners that start from a bundle', async () => {
    const folder = inject('realWorld');
    const bundle = join(folder, 'dist/.flame');
    try {
      await promisify(execFile)(join(folder, 'node_modules/.bin/nestjs-flame'), ['bundle', 'dist/users/main.js'], { cwd: folder });
      const bundled = await RunningApp.serving('users/main.js', { DATABASE_URL: postgres.url, DATABASE_SCHEMA: 'found by paths' });
      try {
        const { status, body } = await bundled.get<{ data: UserBody[]; pid: number }>('/api/users?limit=1');
        expect(status, bundled.output).toBe(200);
        expect(readFileSync(`/proc/${body.pid}/cmdline`, 'utf8'), bundled.output).toContain(bundle);
        expect(body.data).toMatchObject([{ id: 1, fullName: 'Ada Lovelace', role: { name: 'user' } }]);
      } finally {
        await bundled.stop();
      }
    } finally {
      rmSync(bundle, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
