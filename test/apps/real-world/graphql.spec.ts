import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { poolDefaults } from '../../../libs/flame/src/core/options/pool-config.js';
import { fromApps } from './support/from-apps.js';
import { RunningApp } from './support/running-app.js';

interface Reply {
  readonly data?: unknown;
  readonly errors?: unknown;
}

interface Client {
  iterate(operation: { query: string }): AsyncIterableIterator<Reply>;
  dispose(): void;
}

const { createClient } = fromApps<{ createClient: (options: object) => Client }>('graphql-ws');
const { WebSocket } = fromApps<{ WebSocket: unknown }>('ws');

describe('a GraphQL app, code first', () => {
  let app: RunningApp;

  beforeAll(async () => (app = await RunningApp.serving('graphql/main.js')));
  afterAll(() => app?.stop());

  it('answers with the result of a runner of its own process, which does not write the schema', async () => {
    const schema = join(inject('realWorld'), 'dist/schema.gql');
    const { mtimeMs } = statSync(schema);
    const { body } = await app.post<{ data: { whoSearches: number } }>('/graphql', { query: '{ whoSearches }' });
    expect(body.data.whoSearches, app.output).toBeGreaterThan(0);
    expect(body.data.whoSearches).not.toBe(app.pid);
    expect(statSync(schema).mtimeMs).toBe(mtimeMs);
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

  it('resolves a field on a runner, from a copy of its parent', async () => {
    const query = '{ search(input: { text: "franken" }) { ... on Book { analysis { letters analysedBy } } } }';
    const { body } = await app.post<{ data: { search: { analysis: { letters: number; analysedBy: number } }[] } }>('/graphql', { query });
    const [{ analysis }] = body.data.search as [{ analysis: { letters: number; analysedBy: number } }];
    expect(analysis.letters, app.output).toBe('Frankenstein'.length);
    expect(analysis.analysedBy).not.toBe(app.pid);
  });

  it('passes what a resolver takes from the request, but not the request itself', async () => {
    const { body } = await app.post<{ data: { greeting: string } }>('/graphql', { query: '{ greeting }' }, { 'accept-language': 'fr' });
    expect(body.data.greeting, app.output).toMatch(/^Bonjour de \d+$/);
    expect(body.data.greeting).not.toContain(String(app.pid));
    expect((await app.post<Reply>('/graphql', { query: '{ hasHeaders }' })).body, app.output).toMatchObject({ data: null });
    await app.line(/ExceptionsHandler.*BookResolver\.hasHeaders cannot cross to a runner: args\[0\]: an IncomingMessage .* HTTP request/);
  });

  it('streams a subscription from a runner, which ends with it or with its client', async () => {
    const readers = async (): Promise<number> => {
      const { body } = await app.post<{ data: { readers: number } }>('/graphql', { query: '{ readers }' });
      return body.data.readers;
    };
    const client = createClient({ url: `${app.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
    const subscribe = (book: number): AsyncIterableIterator<Reply> => client.iterate({ query: `subscription { pages(book: ${book}) }` });
    const [first, second] = [subscribe(1), subscribe(2)];
    for (let page = 1; page <= 3; page++) {
      expect((await first.next()).value, app.output).toEqual({ data: { pages: 1_000 + page } });
      expect((await second.next()).value, app.output).toEqual({ data: { pages: 2_000 + page } });
    }
    expect(await readers()).toBe(2);
    await first.return!();
    await expect.poll(readers, { timeout: 30_000 }).toBe(1);
    client.dispose();
    await expect.poll(readers, { timeout: 30_000 }).toBe(0);
  });

  it('ends a subscription with an error that names no runner when its runner is lost', async () => {
    const client = createClient({ url: `${app.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
    const pages = client.iterate({ query: 'subscription { pages(book: 1) }' });
    await pages.next();
    const { body } = await app.post<{ data: { whoSearches: number } }>('/graphql', { query: '{ whoSearches }' });
    process.kill(body.data.whoSearches, 'SIGKILL');
    await expect(
      (async () => {
        for (;;) await pages.next();
      })(),
    ).rejects.toEqual([{ message: 'The subscription has ended. Subscribe again.' }]);
    await app.line(/Subscriptions.*LibraryService\.pages was lost .*SIGKILL/);
  });

  it('ends subscriptions at once when the app is told to stop, and does not wait for shutdownTimeout', async () => {
    const client = createClient({ url: `${app.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
    const pages = client.iterate({ query: 'subscription { pages(book: 1) }' });
    await pages.next();
    const began = performance.now();
    await app.stop();
    expect(performance.now() - began).toBeLessThan(poolDefaults.shutdownTimeout);
    client.dispose();
  });
});
