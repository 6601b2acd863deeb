import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ownCosts, readCosts } from './process-costs.js';

/** A server on loopback, and as many connections to it, which do not keep the process alive. */
async function connected(host: string, count: number): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  for (let i = 0; i < count; i++) {
    const taken = once(server, 'connection');
    const client = connect(port, host).unref();
    const [theirs] = (await taken) as [ReturnType<typeof connect>];
    onTestFinished(() => {
      client.destroy();
      theirs.destroy();
    });
  }
  onTestFinished(() => void server.close());
  return port;
}

describe('ownCosts', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]'],
  ])('counts connections to %s by their address, also those that Node has unreferenced', async (host, written) => {
    const port = await connected(host, 3);
    expect(ownCosts('memory').connections![`${written}:${port}`]).toBe(3);
  });

  it('omits those from and to the parent’s port', async () => {
    const port = await connected('127.0.0.1', 2);
    const all = Object.values(ownCosts('memory').connections!).reduce((sum, count) => sum + count, 0);
    const others = Object.values(ownCosts(`10.0.0.1:${port}`).connections!).reduce((sum, count) => sum + count, 0);
    expect(all - others).toBe(4);
  });

  it('reports the memory of the system and of V8', () => {
    const { memory, heap } = ownCosts('memory');
    const { rss, heapUsed } = process.memoryUsage();
    expect([memory / rss, heap / heapUsed].every((share) => share > 0.5 && share < 2)).toBe(true);
  });
});

describe('readCosts', () => {
  it('reads the report of another process, and refuses anything else', () => {
    const costs = { memory: 2, heap: 1, connections: { '10.0.0.5:5432': 3 } };
    expect(readCosts(JSON.stringify(costs))).toEqual(costs);
    expect(readCosts(JSON.stringify({ ...costs, connections: null }))).toEqual({ ...costs, connections: null });
    expect(readCosts(JSON.stringify({ memory: 2, heap: 1 }))).toBeUndefined();
  });
});
