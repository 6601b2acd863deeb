import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FlameResource } from 'nestjs-flame';
import { expect, it } from 'vitest';
import { PagesService } from '../apps/src/conformance/pages.service.js';
import { rule } from '../support/conformance.js';
import { until } from '../support/process-table.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

rule('Resources keep their runner', (start, backend) => {
  it('until they are released: the slot is taken, and then onFlameRelease runs', async () => {
    const { app, work, file, marks, pool } = await start({ max: 1, maxConcurrency: 1, idleShutdownAfter: 100 });
    const log = file();
    const page = await app.get(PagesService).open(log, 'a');
    expect(page).toBeInstanceOf(FlameResource);
    expect(page.value).toEqual({ url: 'a' });
    const waiting = work.pid();
    await until(() => pool.stats().waiting === 1);
    expect(marks(log)).toEqual([]);
    await page.release();
    expect(marks(log).map(({ what }) => what)).toEqual(['released a']);
    expect(await waiting).toBe(marks(log)[0]!.pid);
  });

  it('wherever they are in a result, until the last one is released', async () => {
    const { app, file, marks, pool } = await start();
    const log = file();
    const result = (await app.get(PagesService).openMany(log)) as {
      list: FlameResource[];
      map: Map<string, FlameResource>;
      set: Set<FlameResource>;
      deep: { in: { an: { object: FlameResource }[] } };
    };
    for (const page of [result.list[0]!, result.map.get('key')!, [...result.set][0]!, result.deep.in.an[0]!.object]) {
      expect(pool.stats().running).toBe(1);
      await page.release();
    }
    expect(marks(log).map(({ what }) => what)).toEqual(['released list', 'released map', 'released set', 'released deep']);
    await until(() => pool.stats().running === 0);
  });

  it('and count against maxConcurrency: the pool grows for the next one, up to max', async () => {
    const { app, file, pool } = await start({ max: 2, maxConcurrency: 1 });
    const log = file();
    const pages = app.get(PagesService);
    const [one, two] = await Promise.all([pages.open(log, 'one'), pages.open(log, 'two')]);
    expect(pool.stats().runners).toHaveLength(2);
    const third = pages.open(log, 'three');
    await until(() => pool.stats().waiting === 1);
    await one.release();
    expect((await third).value.url).toBe('three');
    await two.release();
    await (await third).release();
  });

  it('or not, if the handler, or the pool, disables it', async () => {
    const { app, file, marks, pool } = await start({ max: 1, maxConcurrency: 1 });
    const log = file();
    const pages = app.get(PagesService);
    for (const page of [await pages.describe(log, 'a'), await pages.either(log, 'a')]) expect(page).toEqual({ url: 'a' });
    expect(pool.stats().running).toBe(0);
    expect(marks(log)).toEqual([]);
  });

  it('if the pool enables it and the handler does not decide', async () => {
    const { app, file, marked } = await start({ trackResources: true });
    const log = file();
    const pages = app.get(PagesService);
    expect(await pages.describe(log, 'data')).toEqual({ url: 'data' });
    const page = (await pages.either(log, 'a')) as FlameResource;
    await page.release();
    await marked(log, 'released a');
  });

  it('until their handles are collected as garbage', async () => {
    const { app, file, marked, pool } = await start();
    const log = file();
    await app.get(PagesService).open(log, 'dropped');
    const timer = setInterval(collectGarbage, 20);
    await marked(log, 'released dropped');
    await until(() => pool.stats().running === 0);
    clearInterval(timer);
  });

  it('until the app closes, which releases them at once', async () => {
    const { app, file, marks } = await start();
    const log = file();
    const page = await app.get(PagesService).open(log, 'a');
    await app.close();
    expect(marks(log).map(({ what }) => what)).toEqual(['released a']);
    await page.release();
  });

  it('until it is lost, after which a release does nothing', async () => {
    if (!backend.isolated) return;
    const { app, work, file, marks, pool, signal } = await start({ max: 1, maxConcurrency: 2 });
    const log = file();
    const page = await app.get(PagesService).open(log, 'a');
    await signal(await work.runner(), 'SIGKILL');
    await until(() => pool.stats().running === 0);
    await page.release();
    expect(marks(log)).toEqual([]);
  });
});
