import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Postgres } from './support/postgres.js';
import { RunningApp } from './support/running-app.js';

interface UserBody {
  readonly id: number;
  readonly [field: string]: unknown;
}

describe('an app of users, with TypeORM, Postgres and a global ClassSerializerInterceptor', () => {
  let postgres: Postgres;
  let app: RunningApp;

  beforeAll(async () => {
    postgres = await Postgres.start();
    app = await RunningApp.serving('users/main.js', { DATABASE_URL: postgres.url });
  });
  afterAll(async () => {
    await app?.stop();
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

  it('does not warn of a schema that only the parent changes', () => {
    expect(app.output).not.toMatch(/(runner|Flame).*(synchronize|migrationsRun)/);
  });

  it('warns of synchronize and migrationsRun if a runner has them, too', async () => {
    const careless = await RunningApp.serving('users/main.js', { DATABASE_URL: postgres.url, DATABASE_SCHEMA: 'everywhere' });
    try {
      expect((await careless.get('/api/users?limit=1')).status, careless.output).toBe(200);
      await careless.line(/synchronize/);
      await careless.line(/migrationsRun/);
    } finally {
      await careless.stop();
    }
  });
});
