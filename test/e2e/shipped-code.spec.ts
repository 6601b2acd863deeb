import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FlamePoolOptions } from 'nestjs-flame';
import { LoaderBackend } from '../support/loader-backend.js';
import type { LoaderBackendSetup } from '../support/loader-backend.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { startShipped } from '../support/shipped-app.js';
import { runnerEntry } from '../support/trial-backends.js';

/** This repository. Only root can hide it; other users' machines find nothing of it either, but could. */
const hide = process.getuid?.() === 0 ? join(import.meta.dirname, '../..') : undefined;

/** An app whose machines cannot see this repository. */
async function start(setup: Partial<LoaderBackendSetup> = {}, pool: Partial<FlamePoolOptions> = {}) {
  const backend = new LoaderBackend({ hide, ...setup, ship: { entry: runnerEntry, ...setup.ship } });
  const started = await startShipped(backend, pool);
  onTestFinished(() => started.app.close());
  return { ...started, backend };
}

describe('Shipped code', () => {
  it('runs methods and inline functions on machines that have nothing but Node, and fetches a build once for each cache', async () => {
    const { work, inline, transfers, nextRunner, backend } = await start();
    const first = await work.pid();
    expect(first).not.toBe(process.pid);
    expect(await inline.ask('hello')).toMatch(/^hello, /);
    const { total, took } = transfers()[0]!;
    await nextRunner();
    expect(await work.pid()).not.toBe(first);
    expect(transfers()).toHaveLength(1);
    console.log(`first boot: ${total} bytes in ${Math.round(took)} ms; second boot: 0 bytes`);
    expect(readdirSync(backend.temporary)).toHaveLength(1);
  });

  it('starts the other processes of a machine from the code that was fetched', async () => {
    const { work, transfers } = await start({}, { processes: 2, maxConcurrency: 2 });
    const pids = await Promise.all([work.pid(), work.pid()]);
    expect(new Set(pids).size).toBe(2);
    expect(transfers()).toHaveLength(1);
  });

  it('boots a runner although the connection of its machine is cut while the code comes', async () => {
    const proxies: CuttingProxy[] = [];
    const { backend, work, events } = await start({
      tell: async ({ address }) => {
        const proxy = await CuttingProxy.before(address);
        proxies.push(proxy);
        onTestFinished(() => proxy.close());
        return { address: proxy.address };
      },
    });
    const cuts = new Set<number>();
    backend.onRead = (offset) => {
      // Once in the middle of the archive.
      if (offset === 0 || cuts.size > 0) return;
      cuts.add(offset);
      proxies[0]!.drop();
    };
    expect(await work.pid()).not.toBe(process.pid);
    expect(cuts.size).toBe(1);
    expect(events.filter(({ type }) => type === 'boot-failed')).toEqual([]);
  });
});
