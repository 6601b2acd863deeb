import { Socket } from 'node:net';
import { CLS_ID, ClsServiceManager } from 'nestjs-cls';
import { FlameResource } from 'nestjs-flame';
import type { FlameMapOptions } from 'nestjs-flame';
import { expect, it } from 'vitest';
import { begins, InlinePerCall, InlineService, stays } from '../apps/src/conformance/inline.service.js';
import type { EachResult } from '../apps/src/conformance/inline.service.js';
import { PagesService } from '../apps/src/conformance/pages.service.js';
import { here, WorkService } from '../apps/src/conformance/work.service.js';
import { requestContext } from '../apps/src/conformance/request-context.js';
import { collect } from '../support/collect.js';
import { rule } from '../support/conformance.js';
import type { Trial } from '../support/conformance.js';
import { source } from '../support/counted-source.js';
import { failure } from '../support/failure.js';
import { until } from '../support/process-table.js';

rule('Inline functions run on runners', (start, { isolated }) => {
  it('on the runner’s instance, with its private names and super, and copies of what they capture', async () => {
    const { app } = await start();
    const mine = ['mine'];
    const { list, runner, here: there } = await app.get(InlineService).place(mine);
    expect(mine).toEqual(['mine']);
    expect(list).toEqual(['mine', 'secret', `InlineService of ${there}`]);
    expect(runner).toMatch(/^p-/);
    expect(there === here()).toBe(!isolated);
  });

  it('on an instance for each call of a request-scoped class, and in a method that it inherits', async () => {
    const { app } = await start();
    expect(await (await app.resolve(InlinePerCall)).ask('hello')).toMatch(/^hello, InlinePerCall of /);
    expect(await app.get(InlineService).ask('hello')).toBe('hello, overridden');
  });

  it('outside of classes, until their signal aborts', async () => {
    const { flame, file, marked, pool } = await start();
    const log = file();
    const caller = new AbortController();
    const staying = failure(stays(flame, log, { signal: caller.signal }));
    await marked(log, 'attempt 1');
    expect(pool.calls().running.map(({ handler }) => handler)).toEqual(['src/conformance/inline.service.js#stays/1']);
    caller.abort(new Error('enough'));
    expect(await staying).toMatchObject({
      code: 'FLAME_CANCELLED',
      message: expect.stringMatching(/^src\/conformance\/inline\.service\.js#stays\/1 /),
    });
    await marked(log, 'abort');
  });

  it('within the timeout of the call', async () => {
    const { flame, work, file, marked } = await start();
    const log = file();
    await work.pid();
    expect(await failure(stays(flame, log, { timeout: 1_000 }))).toMatchObject({ code: 'FLAME_TIMEOUT' });
    await marked(log, 'abort');
  });

  it('as async generators, as fast as they are read, until their reader stops', async () => {
    const { app, file, marks, marked } = await start();
    const log = file();
    const read: number[] = [];
    for await (const number of app.get(InlineService).count(log, 1_000_000)) {
      read.push(number);
      if (number === 3) break;
    }
    expect(read).toEqual([1, 2, 3]);
    await marked(log, 'over');
    expect(marks(log).length).toBeLessThan(1_000);
  });

  it('with streams among the captured values, and progress', async () => {
    const { app } = await start();
    const progress: unknown[] = [];
    const numbers = (async function* () {
      yield* [1, 2, 3];
    })();
    const sum = app.get(InlineService).sum(numbers, { onProgress: (value) => progress.push(value) });
    expect(await sum).toEqual([6, 'secret']);
    expect(progress).toEqual([1, 2, 3]);
  });

  it('with the context of their caller', async () => {
    const { app } = await start({}, { context: requestContext });
    const cls = ClsServiceManager.getClsService();
    const id = cls.run(() => {
      cls.set(CLS_ID, 'seven');
      return app.get(InlineService).requestId();
    });
    expect(await id).toBe('seven');
  });

  it('and return resources if the call, or the pool, tracks them', async () => {
    const { app, file, marked } = await start();
    const log = file();
    const service = app.get(InlineService);
    expect(await service.open(log, 'a')).toEqual({ url: 'a secret' });
    const page = (await service.open(log, 'b', { trackResources: true })) as FlameResource<{ url: string }>;
    expect(page).toBeInstanceOf(FlameResource);
    await page.release();
    await marked(log, 'released b secret');
  });

  it('as casts, whose caller waits for the start only', async () => {
    const { flame, file, marked, pool } = await start({ shutdownTimeout: 100 });
    const log = file();
    await begins(flame, log);
    await marked(log, 'attempt 1');
    await until(() => pool.stats().running === 1);
    await pool.drain();
    await marked(log, 'abort');
  });

  it('in place inside a handler, on the variables themselves', async () => {
    const { app } = await start();
    const [list, there] = await app.get(InlineService).inPlace(['a']);
    expect(list).toEqual(['a', 'secret', `InlineService of ${there}`]);
  });

  it('for each item of a map, in order, each with its own copy of what they capture', async () => {
    const { app, file } = await start();
    const results = await collect(app.get(InlineService).each(['a', 'b', 'c', 'd', 'e', 'f'], file()));
    expect(results.map(({ list, index }) => [...list, index])).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((item, index) => ['secret', item, index]),
    );
    expect(results.every(({ runner, here: there }) => runner.startsWith('p-') && (there === here()) === !isolated)).toBe(true);
  });

  it('for the items of an endless source, until the loop stops', async () => {
    const { app, file, marked } = await start();
    const log = file();
    const items = source();
    const ends = (async function* () {
      for await (const number of items.open()) yield number === 3 ? 'stay' : 'go';
    })();
    for await (const { index } of app.get(InlineService).each(ends, log, { concurrency: 3 })) {
      if (index === 0) await marked(log, '2 attempt 1');
      else break;
    }
    await marked(log, '2 abort');
    expect([items.cleaned, items.produced]).toEqual([true, 4]);
  });

  it('unless a captured value cannot be encoded: the error names the variable', async () => {
    const { app } = await start();
    const error = await failure(app.get(InlineService).place([new Socket() as never]));
    expect(error).toMatchObject({ code: 'FLAME_ENCODING', ran: 'no' });
    expect(error.message).toMatch(/^InlineService\.place\/1 cannot run on a runner: captured "list"\[0\]: /);
  });
});

rule('Options of a call take precedence over those of its handler', (start) => {
  it('trackResources', async () => {
    const { app, flame, file, marked } = await start();
    const log = file();
    expect(await app.get(PagesService).describe(log, 'a')).toEqual({ url: 'a' });
    const page = (await flame.on('p', PagesService, { trackResources: true }).describe(log, 'b')) as unknown as FlameResource;
    expect(page).toBeInstanceOf(FlameResource);
    await page.release();
    await marked(log, 'released b');
    expect(await flame.on('p', PagesService, { trackResources: false }).either(log, 'c')).toEqual({ url: 'c' });
  });
});

rule(
  'Lost calls are repeated where their options say so',
  (start) => {
    const again = { retry: { attempts: 2 }, idempotent: true };

    it('of inline functions, with the values of the first attempt', async () => {
      const { flame, file, marks, marked, signal } = await start();
      const log = file();
      const staying = stays(flame, log, again);
      const { runner } = await marked(log, 'attempt 1');
      await signal(runner, 'SIGKILL');
      expect(await staying).not.toBe(runner);
      expect(marks(log).map(({ what }) => what)).toEqual(['attempt 1', 'attempt 2']);
    });

    /** A map whose item 5 stays on its runner. Five results are read, and the next three are there. */
    async function interrupted({ app, file, marked, pool }: Trial, options: FlameMapOptions) {
      const log = file();
      const items = Array.from({ length: 12 }, (_, index) => (index === 5 ? 'stay' : 'go'));
      const results = app
        .get(InlineService)
        .each(items, log, { concurrency: 4, ...options })
        [Symbol.asyncIterator]();
      for (let index = 0; index < 5; index++) expect((await results.next()).value).toMatchObject({ index });
      const sixth = results.next();
      await marked(log, '8 attempt 1');
      await until(() => pool.stats().running === 1);
      const { runner } = await marked(log, '5 attempt 1');
      return { results, sixth, runner, log };
    }

    it('of the items of a map, in order and each answered once', async () => {
      const trial = await start();
      const { results, sixth, runner, log } = await interrupted(trial, again);
      await trial.signal(runner, 'SIGKILL');
      const repeated = (await sixth).value as EachResult;
      expect([repeated.index, repeated.runner === runner]).toEqual([5, false]);
      const rest = await collect({ [Symbol.asyncIterator]: () => results });
      expect(rest.map(({ index }) => index)).toEqual([6, 7, 8, 9, 10, 11]);
      const attempts = trial.marks(log).map(({ what }) => what);
      expect(attempts.filter((what) => what.endsWith('attempt 2'))).toEqual(['5 attempt 2']);
      expect(attempts).toHaveLength(13);
    });

    it('of a map not without idempotent: the error has the index of the item', async () => {
      const trial = await start();
      const { sixth, runner, log } = await interrupted(trial, { retry: { attempts: 2 } });
      const lost = failure(sixth);
      await trial.signal(runner, 'SIGKILL');
      expect(await lost).toMatchObject({
        code: 'FLAME_LOST',
        ran: 'maybe',
        index: 5,
        message: expect.stringMatching(/^InlineService\.each\/1 was lost/),
      });
      expect(trial.marks(log)).toHaveLength(9);
    });

    it('of flame.on and flame.cast, not without idempotent', async () => {
      const { flame, file, marked, marks, signal } = await start();
      const log = file();
      const call = flame.on('p', WorkService, again).work(log, 1_000);
      await signal((await marked(log, 'begin')).runner, 'SIGKILL');
      await call;
      expect(marks(log).map(({ what, attempt }) => `${what} ${attempt}`)).toEqual(['begin 1', 'begin 2', 'end 2']);
      const other = file();
      const lost = failure(flame.on('p', WorkService, { retry: { attempts: 2 } }).work(other, 60_000));
      await signal((await marked(other, 'begin')).runner, 'SIGKILL');
      expect(await lost).toMatchObject({ code: 'FLAME_LOST' });
    });
  },
  ({ isolated }) => isolated,
);
