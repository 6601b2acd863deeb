import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { FlamePool } from 'nestjs-flame';
import { LossService } from '../apps/src/conformance/loss.service.js';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';
import { until } from '../support/process-table.js';

/** The boots from now on. One that the platform fails does not count: the pool boots another in its place. */
async function countBoots(pool: FlamePool): Promise<{ boots: number }> {
  const seen = { boots: 0 };
  pool.events$.subscribe((event) => {
    if (event.type === 'booting') seen.boots += 1;
    if (event.type !== 'boot-failed') return;
    seen.boots -= 1;
    console.warn(`the platform failed a boot: ${event.error.message}`);
  });
  // The subscription takes a turn.
  await Promise.resolve();
  return seen;
}

rule('Pools boot what calls need', (start) => {
  it('lets concurrent calls share the runners that are pending', async () => {
    const { app, file, marks, pool } = await start({ max: 3, maxConcurrency: 4 });
    const seen = await countBoots(pool);
    const [log, gate] = [file(), file()];
    const calls = Array.from({ length: 8 }, () => app.get(LossService).held(log, gate));
    await until(() => seen.boots > 0);
    expect(pool.stats()).toMatchObject({ waiting: 8, running: 0 });
    await until(() => marks(log).length === 8);
    expect(new Set(marks(log).map(({ runner }) => runner)).size).toBe(2);
    expect(seen.boots).toBe(2);
    writeFileSync(gate, '');
    await Promise.all(calls);
  });

  it('boots for the fifth call of four slots, and not before', async () => {
    const { app, work, file, marks, pool } = await start({ max: 3, maxConcurrency: 4 });
    const seen = await countBoots(pool);
    const [log, gate] = [file(), file()];
    const calls = Array.from({ length: 4 }, () => app.get(LossService).held(log, gate));
    await until(() => marks(log).length === 4);
    expect(seen.boots).toBe(1);
    expect(await work.echo('over')).toBe('over');
    expect(seen.boots).toBe(2);
    writeFileSync(gate, '');
    await Promise.all(calls);
  });

  it('keeps headroom free slots ready ahead of demand', async () => {
    const { app, file, marked, pool } = await start({ max: 3, maxConcurrency: 1, headroom: 1 });
    const ready = (): number => pool.stats().runners.filter(({ state }) => state === 'ready').length;
    await until(() => ready() === 1);
    const [log, gate] = [file(), file()];
    const call = app.get(LossService).held(log, gate);
    await marked(log, 'begin');
    await until(() => ready() === 2);
    expect(pool.stats()).toMatchObject({ running: 1, waiting: 0 });
    writeFileSync(gate, '');
    await call;
  });

  it('grows and shrinks at run time, without affecting running calls', async () => {
    const { app, file, marks, pool } = await start({ max: 1, maxConcurrency: 1 });
    const [log, gate] = [file(), file()];
    const loss = app.get(LossService);
    const calls = [loss.held(log, gate), loss.held(log, gate)];
    await until(() => marks(log).length === 1);
    expect(pool.stats()).toMatchObject({ running: 1, waiting: 1 });
    pool.resize({ max: 2 });
    await until(() => pool.stats().running === 2);
    pool.resize({ max: 1 });
    writeFileSync(gate, '');
    const runners = await Promise.all(calls);
    expect(new Set(runners).size).toBe(2);
    await until(() => pool.stats().runners.length === 1);
    pool.resize({ min: 2, max: 2 });
    await until(() => pool.stats().runners.filter(({ state }) => state === 'ready').length === 2);
    expect(() => pool.resize({ min: 3 })).toThrow('pool "p" resize().min is 3, more than max, which is 2');
  });

  it('replaces a runner that has reached maxLifetime, after its work is done', async () => {
    const { app, work, file, marked, pool } = await start({ max: 2, maxConcurrency: 2, maxLifetime: 1_000 });
    const reasons: string[] = [];
    pool.events$.subscribe((event) => {
      if (event.type === 'retiring') reasons.push(`${event.runner}: ${event.reason}`);
    });
    const [log, gate] = [file(), file()];
    const old = app.get(LossService).held(log, gate);
    const { runner } = await marked(log, 'begin');
    await until(() => reasons.length > 0);
    expect(reasons[0]).toBe(`${runner}: it reached maxLifetime`);
    expect(await work.runner()).not.toBe(runner);
    writeFileSync(gate, '');
    expect(await old).toBe(runner);
    await until(() => !pool.stats().runners.some(({ id }) => id === runner));
  });

  it('cancels a boot when it drains, and refuses the calls that waited for it', async () => {
    const { work, pool, app } = await start();
    const waiting = failure(work.pid());
    await until(() => pool.stats().runners.some(({ state }) => state === 'booting'));
    await pool.drain();
    expect(await waiting).toMatchObject({ code: 'FLAME_REFUSED', ran: 'no' });
    expect(await failure(work.pid())).toMatchObject({ code: 'FLAME_REFUSED', ran: 'no' });
    expect(pool.stats()).toMatchObject({ runners: [], draining: true });
    await app.close();
  });
});
