import { expect, it } from 'vitest';
import { NotFoundException } from '@nestjs/common';
import { here } from '../apps/src/conformance/work.service.js';
import { rule } from '../support/conformance.js';
import { until } from '../support/process-table.js';

rule('Calls run on runners, within max and maxConcurrency', (start, { isolated }) => {
  it('runs a decorated method on a runner', async () => {
    const { work } = await start();
    expect((await work.place()) === here()).toBe(!isolated);
    expect(await work.runner()).toMatch(/^p-/);
  });

  it('never has more than max runners and maxConcurrency calls on each', async () => {
    const { work, file, marks, pool, gone } = await start({ max: 4, maxConcurrency: 2, idleShutdownAfter: 200 });
    const log = file();
    await Promise.all(Array.from({ length: 20 }, () => work.work(log, 50)));
    const now = new Map<string, number>();
    for (const { what, runner } of marks(log)) {
      now.set(runner, (now.get(runner) ?? 0) + (what === 'begin' ? 1 : -1));
      expect(now.get(runner)).toBeLessThanOrEqual(2);
    }
    expect(marks(log).filter(({ what }) => what === 'end')).toHaveLength(20);
    expect(now.size).toBeLessThanOrEqual(4);
    await until(() => pool.stats().runners.length === 0);
    await Promise.all(Array.from(now.keys(), gone));
  });

  it('rejects with an HttpException if the handler throws one', async () => {
    const { work } = await start();
    const error = await work.fail('no such video').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NotFoundException);
    expect((error as NotFoundException).getStatus()).toBe(404);
    expect((error as NotFoundException).stack).toMatch(/at runner p-.* \(pool p\)/);
  });
});
