import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { BootError } from 'nestjs-flame';
import type { PoolHookMeta } from 'nestjs-flame';
import { LossService } from '../apps/src/conformance/loss.service.js';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';
import { FailingBackend } from '../support/failing-backend.js';
import { until } from '../support/process-table.js';

const noQuota = new BootError('failing: no quota', { phase: 'create' });
const noImage = new BootError('failing: no such image', { phase: 'create', fatal: true });

rule('Failed boots are retried while calls wait', (start, trial) => {
  it('serves the call in the end, and calls the hooks for each attempt with the pool’s name and size', async () => {
    const told: [string, unknown, PoolHookMeta?][] = [];
    const { work, pool } = await start(
      {
        idleShutdownAfter: 100,
        onGrowStart: (meta) => told.push(['start', meta]),
        onGrowEnd: (result, meta) => told.push(['end', result, meta]),
        onShrink: (meta) => told.push(['shrink', meta]),
      },
      { backend: new FailingBackend(trial.make(), [noQuota, noQuota]) },
    );
    expect(await work.echo('served')).toBe('served');
    await until(() => pool.stats().runners.length === 0);
    const one = { name: 'p', count: 1 };
    const none = { name: 'p', count: 0 };
    expect(told).toEqual([
      ['start', one],
      ['end', noQuota, none],
      ['start', one],
      ['end', noQuota, none],
      ['start', one],
      ['end', 'ok', one],
      ['shrink', none],
    ]);
  });

  it('pauses between the attempts, longer each time', async () => {
    const backend = new FailingBackend(trial.make(), [noQuota, noQuota]);
    const { work } = await start({}, { backend });
    await work.pid();
    const [first, second, third] = backend.requests;
    // A second and two, less a quarter at the most.
    expect(second! - first!).toBeGreaterThanOrEqual(749);
    expect(third! - second!).toBeGreaterThanOrEqual(1_499);
  });

  it('boots more runners although earlier boots failed', async () => {
    const backend = new FailingBackend(trial.make(), [undefined, noQuota]);
    const { app, file, marks } = await start({ max: 2, maxConcurrency: 1 }, { backend });
    const [log, gate] = [file(), file()];
    const loss = app.get(LossService);
    const calls = [loss.held(log, gate), loss.held(log, gate)];
    await until(() => marks(log).length === 2);
    expect(new Set(marks(log).map(({ runner }) => runner)).size).toBe(2);
    writeFileSync(gate, '');
    await Promise.all(calls);
  });

  it('fails the waiting calls at once after a permanent error', async () => {
    const { work, pool } = await start({}, { backend: new FailingBackend(trial.make(), [noImage]) });
    const errors = await Promise.all([failure(work.pid()), failure(work.pid())]);
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'FLAME_BOOT', ran: 'no', cause: noImage });
      expect(error.message).toContain('no such image');
    }
    expect(pool.stats()).toMatchObject({ waiting: 0 });
  });

  it('rejects a call that has waited in vain with the boot’s error', async () => {
    const backend = new FailingBackend(
      trial.make(),
      Array.from({ length: 9 }, () => noQuota),
    );
    const { work } = await start({ bootTimeout: 400, queueTimeout: 400 }, { backend });
    expect(await failure(work.pid())).toMatchObject({ code: 'FLAME_BOOT', ran: 'no', cause: noQuota });
  });

  it('stops an app whose min runners cannot boot, unless minBoot is degrade', async () => {
    const backend = (): FailingBackend => new FailingBackend(trial.make(), [noQuota]);
    const error = await failure(start({ min: 1 }, { backend: backend() }));
    expect(error).toMatchObject({ code: 'FLAME_BOOT' });
    expect(error.message).toContain('pool "p" could not boot its min runners');
    const { pool } = await start({ min: 1, minBoot: 'degrade' }, { backend: backend() });
    await until(() => pool.stats().runners.some(({ state }) => state === 'ready'));
  });
});
