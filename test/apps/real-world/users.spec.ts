import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Postgres } from './support/postgres.js';
import { RunningApp } from './support/running-app.js';

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

  it('answers 404 where the runner throws a NotFoundException', async () => {
    expect(await app.get('/api/users/4711')).toMatchObject({ status: 404, body: { message: 'user 4711 does not exist' } });
  });

  it('does not warn of a schema that only the parent changes', () => {
    expect(app.output).not.toMatch(/(runner|Flame).*(synchronize|migrationsRun)/);
  });
});
