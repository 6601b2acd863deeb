import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { FlamePool, getPoolToken } from 'nestjs-flame';
import type { FlamePoolOptions, PoolEvent } from 'nestjs-flame';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConformanceModule } from '../apps/src/conformance/app.module.js';
import { InlineService } from '../apps/src/conformance/inline.service.js';
import { WorkService } from '../apps/src/conformance/work.service.js';
import { LoaderBackend } from '../support/loader-backend.js';
import type { LoaderBackendSetup } from '../support/loader-backend.js';
import { runnerEntry } from '../support/trial-backends.js';

/** An app whose machines have nothing but Node. */
async function start(setup: Partial<LoaderBackendSetup> = {}, pool: Partial<FlamePoolOptions> = {}) {
  const backend = new LoaderBackend({ hide: join(import.meta.dirname, '../..'), ...setup, ship: { entry: runnerEntry, ...setup.ship } });
  const app = await Test.createTestingModule({
    imports: [ConformanceModule.with([{ name: 'p', max: 2, bootTimeout: 30_000, ...pool }], { backend })],
  }).compile();
  onTestFinished(() => app.close());
  await app.init();
  const events: PoolEvent[] = [];
  const flamePool = app.get<FlamePool>(getPoolToken('p'));
  flamePool.events$.subscribe((event) => events.push(event));
  const shipped = (): Extract<PoolEvent, { type: 'shipping' }>[] => events.filter((event) => event.type === 'shipping');
  return { backend, app, pool: flamePool, work: app.get(WorkService), inline: app.get(InlineService), events, shipped };
}

describe('Shipped code', () => {
  it('runs calls on a machine that has nothing but Node, and fetches a build once for each cache', async () => {
    const { work, shipped, pool, events, backend } = await start({}, { idleShutdownAfter: 200 });
    const first = await work.pid();
    expect(first).not.toBe(process.pid);
    const { sent, total, took } = shipped().at(-1)!;
    expect(sent).toBe(total);
    console.log(`shipped ${total} bytes in ${Math.round(took)} ms`);
    const before = shipped().length;
    const gone = new Promise<void>((resolve) => pool.events$.subscribe(({ type }) => type === 'gone' && resolve()));
    await gone;
    expect(await work.pid()).not.toBe(first);
    expect(events.filter(({ type }) => type === 'up')).toHaveLength(2);
    expect(shipped()).toHaveLength(before);
    expect(readdirSync(backend.temporary)).toHaveLength(1);
  });
});
