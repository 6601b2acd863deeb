import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningApp } from './support/running-app.js';

interface Reply {
  readonly data?: unknown;
  readonly errors?: unknown;
}

describe('a GraphQL app, code first', () => {
  let app: RunningApp;

  beforeAll(async () => (app = await RunningApp.serving('graphql/main.js')));
  afterAll(() => app?.stop());

  it('answers with the result of a runner of its own process', async () => {
    const { body } = await app.post<{ data: { whoSearches: number } }>('/graphql', { query: '{ whoSearches }' });
    expect(body.data.whoSearches, app.output).toBeGreaterThan(0);
    expect(body.data.whoSearches).not.toBe(app.pid);
  });

  it('resolves unions, getters and dates of instances from a runner, and passes it the input with its methods', async () => {
    const query = `query ($input: SearchInput!) {
      search(input: $input) { __typename ... on Author { id fullName } ... on Book { title publishedAt author { fullName } } }
    }`;
    const { body } = await app.post<Reply>('/graphql', { query, variables: { input: { text: 'shelley' } } });
    expect(body, app.output).toEqual({
      data: {
        search: [
          { __typename: 'Author', id: 1, fullName: 'Mary Shelley' },
          { __typename: 'Book', title: 'Frankenstein', publishedAt: '1818-01-01T00:00:00.000Z', author: { fullName: 'Mary Shelley' } },
        ],
      },
    });
  });

  it('reports a timeout without naming pools and runners', async () => {
    const { body } = await app.post<Reply>('/graphql', { query: '{ slowest }' });
    expect(body.errors, app.output).toEqual([
      expect.objectContaining({ message: 'The service did not answer in time.', path: ['slowest'] }),
    ]);
    expect(JSON.stringify(body)).not.toMatch(/LibraryService\.|pool|runner|FlameError/);
    expect(app.output).toMatch(/ExceptionsHandler.*LibraryService\.slowest timed out/);
  });
});
