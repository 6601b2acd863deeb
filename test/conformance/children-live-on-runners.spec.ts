import { expect, it } from 'vitest';
import { Counter } from '../apps/src/conformance/counter.js';
import { here } from '../apps/src/conformance/work.service.js';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';

rule('Children live on runners', (start, backend) => {
  it('are created by the runner’s container, started with their arguments, and keep their state', async () => {
    const { flame, work, file, marked } = await start();
    const log = file();
    const child = await flame.placeChild('p', Counter, { file: log, from: 10 });
    await marked(log, 'start');
    expect(await child.api.add(1)).toBe(11);
    expect(await child.api.add(1)).toBe(12);
    const { place, sees, runner } = await child.api.where();
    expect(sees).toBe(place);
    expect(place === here()).toBe(!backend.isolated);
    expect(runner).toMatch(/^p-/);
    const numbers: number[] = [];
    for await (const n of child.api.countTo(100)) numbers.push(n);
    expect(numbers).toHaveLength(100);
    expect(await work.echo('beside')).toBe('beside');
    await child.stop();
  });

  it('hold a slot until they end; their methods take none', async () => {
    const { flame, work, file, pool } = await start({ max: 1, maxConcurrency: 1 });
    const child = await flame.placeChild('p', Counter, { file: file() });
    const waiting = work.echo('waited');
    expect(await Promise.all([child.api.add(1), child.api.add(1)])).toEqual([1, 2]);
    expect(pool.stats()).toMatchObject({ running: 1, waiting: 1 });
    await child.stop('enough');
    expect(await waiting).toBe('waited');
  });

  it('cannot be placed if onFlameStart throws: the error is passed on, and the slot is free', async () => {
    const { flame, work, file, pool } = await start({ max: 1, maxConcurrency: 1 });
    await expect(flame.placeChild('p', Counter, { file: file(), fail: 'too far' })).rejects.toThrow(new RangeError('too far'));
    expect(await work.echo(1)).toBe(1);
    expect(pool.stats().running).toBe(0);
  });

  it('end with `await using`, and onFlameStop gets the reason', async () => {
    const { flame, file, marked } = await start();
    const log = file();
    {
      await using child = await flame.placeChild('p', Counter, { file: log });
      await child.api.add(1);
    }
    await marked(log, 'stop: its holder disposed of it');
  });

  it('can end themselves, with a reason', async () => {
    const { flame, file, marked, pool } = await start();
    const log = file();
    const child = await flame.placeChild('p', Counter, { file: log, from: 7 });
    expect(await child.api.finish('all counted')).toBe('sum 7');
    expect(await child.exited).toEqual({ how: 'ended', reason: 'all counted' });
    await marked(log, 'stop: all counted');
    expect(await failure(child.api.add(1))).toMatchObject({ code: 'FLAME_LOST', ran: 'no' });
    expect(pool.stats().running).toBe(0);
  });

  it('have methods with their own timeout', async () => {
    const { flame, file } = await start();
    await using child = await flame.placeChild('p', Counter, { file: file() });
    expect(await failure(child.with({ timeout: 100 }).wait())).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
    expect(await child.api.add(1)).toBe(1);
  });
});
