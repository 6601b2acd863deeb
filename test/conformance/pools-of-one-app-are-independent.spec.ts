import { expect, it } from 'vitest';
import { WorkService } from '../apps/src/conformance/work.service.js';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';

rule('Pools of one app are independent', (start, { isolated }) => {
  it('runs a method in the pool that the caller names, and on no runner of another pool', async () => {
    const { work, flame } = await start({}, {}, [{ name: 'q', max: 1 }]);
    expect(await work.runner()).toMatch(/^p-/);
    expect(await flame.on('q', WorkService).runner()).toMatch(/^q-/);
    expect((await work.place()) === (await flame.on('q', WorkService).place())).toBe(!isolated);
  });

  it('continues when another pool is full, resized or drained', async () => {
    const { work, flame, pool } = await start({ max: 1, maxQueue: 0 }, {}, [{ name: 'q', max: 1 }]);
    const q = flame.on('q', WorkService);
    // With maxQueue 0 nobody waits, not even for a boot.
    expect(await failure(work.pid())).toMatchObject({ code: 'FLAME_REFUSED' });
    expect(await q.echo('works')).toBe('works');
    await pool.drain();
    expect(await failure(work.pid())).toMatchObject({ code: 'FLAME_REFUSED' });
    expect(await q.echo('works on')).toBe('works on');
  });
});
