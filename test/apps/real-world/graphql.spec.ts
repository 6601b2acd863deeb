import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningApp } from './support/running-app.js';

describe('a GraphQL app, code first', () => {
  let app: RunningApp;

  beforeAll(async () => (app = await RunningApp.serving('graphql/main.js')));
  afterAll(() => app?.stop());

  it('answers what a runner of its own process found', async () => {
    const { body } = await app.post<{ data: { whoSearches: number } }>('/graphql', { query: '{ whoSearches }' });
    expect(body.data.whoSearches, app.output).toBeGreaterThan(0);
    expect(body.data.whoSearches).not.toBe(app.pid);
  });
});
