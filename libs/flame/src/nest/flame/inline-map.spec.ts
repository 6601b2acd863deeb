import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { of } from 'rxjs';
import { afterAll, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { collect } from '../../../../../test/support/collect.js';
import { source } from '../../../../../test/support/counted-source.js';
import { logged, startApp } from '../../../../../test/support/nest-app.js';
import { rejection } from '../../../../../test/support/rejection.js';
import { $inline, $method, inlineFunctions, inlineMethods } from '../../inline/index.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameResource } from '../../core/flame-resource.js';
import { FlameFaults, FlameTestingModule } from '../../testing/index.js';
import { getPoolToken } from '../decorator/inject-pool.decorator.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';
import type { FlamePoolOptions } from '../module/flame-options.js';
import type { FlamePool } from './flame-pool.js';
import { Flame } from './flame.service.js';
import type { FlameMapOptions } from './map-options.js';

// Other files of this process would find them in their apps.
afterAll(() => {
  (inlineFunctions as Map<string, unknown>).clear();
  (inlineMethods as Map<symbol, unknown>).clear();
});

type Given<T> = Iterable<T> | AsyncIterable<T>;

/** What handlers have seen, in this process. */
const told: string[] = [];

// The marks are those that the compile step writes.
@Injectable()
class Pages {
  /** The captured values, read and counted. */
  reads = 0;
  readonly #prefix = 'page';

  constructor(readonly flame: Flame) {}

  [$method('Pages.read/1', 'read-1', ['book'])](book: { title: string }, ...args: [unknown, number]): unknown {
    return (async (page: unknown, index: number) => `${this.#prefix} ${index} of ${book.title}: ${String(page)} on ${where()}`)(...args);
  }

  read(pages: Given<unknown>, book: { title: string }, options?: FlameMapOptions): AsyncIterable<unknown> {
    const body = async (page: unknown, index: number) => `${this.#prefix} ${index} of ${book.title}: ${String(page)} on ${where()}`;
    const captures = (): [this, unknown] => {
      this.reads++;
      return [this, book];
    };
    return this.flame.map(
      'p',
      pages as Given<number>,
      $inline(body, 'Pages.read/1', captures, undefined, 'read-1'),
      options as { settle?: false },
    );
  }

  [$method('Pages.work/1', 'work-1', [])](...args: [number, number]): unknown {
    return this.workOn(...args);
  }

  /** The item is how to end. */
  work(ends: Given<unknown>, options?: FlameMapOptions): AsyncIterable<unknown> {
    const body = async (item: unknown, index: number): Promise<unknown> => this.workOn(item, index);
    return this.flame.map(
      'p',
      ends,
      $inline(body, 'Pages.work/1', () => [this], undefined, 'work-1'),
      options as { settle?: false },
    );
  }

  async workOn(given: unknown, index: number): Promise<unknown> {
    const item: unknown = Array.isArray(given) ? given[0] : given;
    const call = FlameCall.current()!;
    const { signal, attempt } = call;
    told.push(`${index} begins`);
    if (item === 'fail') throw new RangeError(`no page ${index}`);
    if (item === 'progress') for (const step of [1, 2]) call.progress(step);
    if (item === 'stay' || (item === 'stay once' && attempt === 1))
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          told.push(`${index} aborted: ${(signal.reason as Error).message}`);
          reject(signal.reason as Error);
        }),
      );
    return `${index} in attempt ${attempt}`;
  }

  @OnFlame('p')
  async inside(ends: unknown[], options: FlameMapOptions = {}, leave = false): Promise<unknown[]> {
    if (!leave) return collect(this.work(ends, options));
    for await (const first of this.work(ends, options)) return [first];
    return [];
  }
}

function where(): string {
  return FlameCall.current()?.pool ?? 'here';
}

interface Rig {
  readonly pages: Pages;
  readonly flame: Flame;
  readonly pool: FlamePool;
  readonly faults: FlameFaults;
}

async function start(options: Partial<FlamePoolOptions> = {}): Promise<Rig> {
  told.length = 0;
  const pools = [{ name: 'p', max: 2, maxConcurrency: 3, ...options }];
  const app = await startApp({ imports: [FlameTestingModule.forRoot(pools)], providers: [Pages] });
  return { pages: app.get(Pages), flame: app.get(Flame), pool: app.get<FlamePool>(getPoolToken('p')), faults: app.get(FlameFaults) };
}

describe('flame.map', () => {
  it('runs the function on runners for each item, with its index, and yields the results in order', async () => {
    const { pages, pool } = await start();
    expect(await collect(pages.read(['a', 'b', 'c'], { title: 'Emma' }))).toEqual([
      'page 0 of Emma: a on p',
      'page 1 of Emma: b on p',
      'page 2 of Emma: c on p',
    ]);
    expect(pool.stats().calls.started).toBe(3);
  });

  it('reads and encodes the captured values once, at the call', async () => {
    const { pages } = await start();
    let encoded = 0;
    const book = {
      get title(): string {
        return `Emma ${++encoded}`;
      },
    };
    const results = pages.read(source(20).open(), book);
    const [reads, times] = [pages.reads, encoded];
    expect(new Set((await collect(results)).map((text) => /Emma \d/.exec(String(text))?.[0]))).toEqual(new Set([`Emma ${times}`]));
    expect([reads, pages.reads, encoded]).toEqual([1, 1, times]);
  });

  it('makes no call before the first read', async () => {
    const { pages, pool } = await start();
    const results = pages.work([1]);
    await new Promise(setImmediate);
    expect(pool.stats().calls.started).toBe(0);
    expect(await collect(results)).toHaveLength(1);
  });

  it.each<[FlameMapOptions, Partial<FlamePoolOptions>, number]>([
    [{}, {}, 6],
    [{ concurrency: 2 }, {}, 2],
    [{}, { singleUse: true }, 2],
  ])('makes as many concurrent calls as the pool has slots, or as the option allows: %o %o', async (options, pool, expected) => {
    const { pages } = await start(pool);
    let taken = 0;
    function* stays(): Iterable<string> {
      for (; ; taken++) yield 'stay';
    }
    const results = pages.work(stays(), options)[Symbol.asyncIterator]();
    const read = results.next();
    await vi.waitFor(() => expect(told).toHaveLength(expected));
    await new Promise(setImmediate);
    // Not only the pool, which would let further calls wait.
    expect([told.length, taken + 1]).toEqual([expected, expected]);
    await results.return!();
    expect(await read).toEqual({ done: true, value: undefined });
  });

  it('yields results as they complete with `ordered: false`', async () => {
    const { pages } = await start();
    const results = pages.work(['stay', 'go', 'go'], { ordered: false })[Symbol.asyncIterator]();
    const two = [await results.next(), await results.next()].map(({ value }) => String(value)[0]);
    expect(two.sort()).toEqual(['1', '2']);
    await results.return!();
  });

  it('yields the outcome of each item with `settle`', async () => {
    const { pages } = await start();
    expect(await collect(pages.work(['go', 'fail'], { settle: true }))).toEqual([
      { status: 'fulfilled', value: '0 in attempt 1', index: 0 },
      { status: 'rejected', reason: new RangeError('no page 1'), index: 1 },
    ]);
  });

  it('throws the handler’s own error with its index, and aborts the other calls', async () => {
    const { pages } = await start();
    const error = await rejection(collect(pages.work(['stay', 'stay', 'fail'])));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'no page 2', index: 2 });
    await vi.waitFor(() => expect(told.filter((text) => text.includes('aborted'))).toHaveLength(2));
    expect(told.at(-1)).toMatch(/^1 aborted: item 2 of flame\.map\('p', Pages\.work\/1\) failed: no page 2$/);
  });

  it('aborts the calls when the loop ends early, and closes the source', async () => {
    const { pages } = await start();
    const items = source();
    for await (const _ of pages.work(
      (async function* () {
        try {
          for await (const n of items.open()) yield n === 1 ? 'go' : 'stay';
        } finally {
          told.push('source ended');
        }
      })(),
    ))
      break;
    expect([told.includes('source ended'), items.cleaned, items.produced]).toEqual([true, true, 6]);
    await vi.waitFor(() => expect(told.filter((text) => text.includes('aborted'))).toHaveLength(5));
    expect(told.at(-1)).toMatch(/: the results of flame\.map\('p', Pages\.work\/1\) are not read any more$/);
  });

  it('ends with its signal: FLAME_CANCELLED', async () => {
    const { pages } = await start();
    const controller = new AbortController();
    const reading = rejection(collect(pages.work(['stay'], { signal: controller.signal })));
    await vi.waitFor(() => expect(told).toEqual(['0 begins']));
    controller.abort(new Error('the user left'));
    expect(await reading).toMatchObject({
      code: 'FLAME_CANCELLED',
      message: "flame.map('p', Pages.work/1) was cancelled (the user left)",
    });
    await vi.waitFor(() => expect(told[1]).toMatch(/the user left$/));
  });

  it("passes progress with the index of the item, and logs the callback's errors", async () => {
    const { pages } = await start();
    const seen: unknown[] = [];
    const onProgress = (value: unknown, index: number): void => {
      seen.push([value, index]);
      if (index === 1) throw new Error('bad listener');
    };
    await collect(pages.work(['progress', 'progress'], { onProgress, concurrency: 1 }));
    expect(seen).toEqual([
      [1, 0],
      [2, 0],
      [1, 1],
      [2, 1],
    ]);
    expect(logged.join()).toMatch(/onProgress of Pages\.work\/1 threw: bad listener/);
  });

  it('rejects with FLAME_LOST and the index if a runner is lost', async () => {
    const { pages, faults } = await start();
    const results = pages.work(['go', 'stay'])[Symbol.asyncIterator]();
    await results.next();
    const reading = rejection(results.next());
    await vi.waitFor(() => expect(told).toContain('1 begins'));
    faults.dropRunner();
    expect(await reading).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe', index: 1 });
  });

  it('retries each item’s call separately with `retry` and `idempotent`, with the original item', async () => {
    const { pages, faults } = await start();
    const options = { retry: { attempts: 2 }, idempotent: true, concurrency: 2 };
    const items = ['go', ['stay once'], 'go'];
    const results = pages.work(items, options)[Symbol.asyncIterator]();
    await results.next();
    const second = results.next();
    await vi.waitFor(() => expect(told).toContain('1 begins'));
    (items[1] as string[])[0] = 'fail';
    faults.dropRunner();
    expect(await second).toEqual({ done: false, value: '1 in attempt 2' });
    await results.return!();
  });

  it('applies `timeout` to each call', async () => {
    const { pages } = await start();
    expect(await rejection(collect(pages.work(['go', 'stay'], { timeout: 200 })))).toMatchObject({ code: 'FLAME_TIMEOUT', index: 1 });
  });
});

describe('What flame.map refuses', () => {
  it('an item that cannot be encoded: FLAME_ENCODING with its index; the others continue', async () => {
    const { pages } = await start();
    const items = ['go', { page: { open: () => 1 } }, 'go'];
    expect(await rejection(collect(pages.work(items)))).toMatchObject({
      code: 'FLAME_ENCODING',
      ran: 'no',
      index: 1,
      message: expect.stringMatching(/^item 1 of Pages\.work\/1 cannot cross to a runner: item\.page\.open: a function \(open\) /),
    });
    const settled = await collect(pages.work(items, { settle: true, retry: { attempts: 2 } }));
    expect(settled).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'FLAME_ENCODING', message: expect.stringMatching(/^item 1 of/) } },
      { status: 'fulfilled' },
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ['a stream', Readable.from(['x']), /a Readable/],
    ['an AsyncIterable', source().open(), /an async iterable/],
    ['a signal', new AbortController().signal, /an AbortSignal/],
    ['an Observable', of(1), /an Observable/],
    ['a resource', new FlameResource({ a: 1 }, async () => {}), /FlameResource/],
    ['a function', () => 1, /a function/],
  ])('captured: %s, at once, with the name of the variable', async (_, title, words) => {
    const { pages } = await start();
    const attempt = (): unknown => pages.read(['a'], { title } as never);
    expect(attempt).toThrow(/^Pages\.read\/1 cannot run on a runner: captured "book"(\.title)?: /);
    expect(attempt).toThrow(words);
    expect(attempt).toThrow(expect.objectContaining({ code: 'FLAME_ENCODING' }));
  });

  it.each<[unknown, RegExp]>([
    [42, /^the items of flame\.map\('p', …\) must be an array, an iterable or an AsyncIterable, but are 42\./],
    [{ length: 2 }, /but are an object \(Object\)\./],
    [undefined, /but are undefined\./],
    [of(1), /but are an Observable, which cannot be held back\. /],
  ])('something that is not iterable: %s', async (items, words) => {
    const { pages } = await start();
    expect(() => pages.work(items as never)).toThrow(words);
  });

  it('bad options, at once', async () => {
    const { pages } = await start();
    const options = /^flame\.map\('p', …\) options/;
    for (const [bad, words] of [
      [{ concurrency: 0 }, /\.concurrency must be a whole number of at least 1, but is 0/],
      [{ ordered: 'no' }, /\.ordered must be true or false/],
      [{ settle: 1 }, /\.settle must be true or false/],
      [{ returns: 'iterable' }, /\.returns is not an option\. The options are: .*concurrency, ordered, settle\./],
      [{ timeout: -1 }, /\.timeout must be/],
    ] as const) {
      expect(() => pages.work([1], bad as never)).toThrow(options);
      expect(() => pages.work([1], bad as never)).toThrow(words);
    }
  });

  it('a function that was not compiled, and an unknown pool', async () => {
    const { flame, pages } = await start();
    expect(() => flame.map('p', [1], async (item) => item)).toThrow(/^flame\.map\('p', …\) was given a function \(anonymous\)/);
    expect(() =>
      flame.map(
        'q',
        [1],
        $inline(
          async () => 1,
          'Pages.work/1',
          () => [pages],
          undefined,
          'work-1',
        ),
      ),
    ).toThrow(/names the pool "q"/);
  });
});

describe('The items of flame.map', () => {
  it('may be a Readable, which is destroyed when the loop ends early, also while it waits', async () => {
    const { pages } = await start();
    const waiting = new Readable({ objectMode: true, read() {} });
    waiting.push('go');
    for await (const _ of pages.work(waiting)) break;
    expect(waiting.destroyed).toBe(true);
    expect(await collect(pages.work(Readable.from(['go', 'go'])))).toHaveLength(2);
  });

  it('may be a web stream, which is cancelled when the loop ends early, also while it waits', async () => {
    const { pages } = await start();
    const cancelled = vi.fn<() => Promise<void>>();
    const waiting = new ReadableStream<string>({ start: (controller) => controller.enqueue('go'), cancel: cancelled });
    for await (const _ of pages.work(waiting)) break;
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce());
  });

  it('may contain streams and signals, each for its own call', async () => {
    const { pages } = await start();
    expect(await collect(pages.read([AbortSignal.timeout(60_000), 'a'], { title: 'Emma' }))).toEqual([
      'page 0 of Emma: [object AbortSignal] on p',
      'page 1 of Emma: a on p',
    ]);
  });
});

describe('flame.map inside a handler', () => {
  it('runs in place, with the function, the items and the variables themselves', async () => {
    const { pages, pool } = await start();
    expect(await pages.inside(['go', 'progress'])).toEqual(['0 in attempt 1', '1 in attempt 1']);
    expect(pool.stats().calls.started).toBe(1);
  });

  it('throws the error with its index, and aborts the other calls', async () => {
    const { pages } = await start();
    const error = await rejection(pages.inside(['stay', 'fail']));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'no page 1', index: 1 });
    expect(told).toContainEqual(expect.stringMatching(/^0 aborted: .*item 1 of flame\.map\('p', Pages\.work\/1\) failed: no page 1$/));
  });

  it('aborts the calls when the loop ends early', async () => {
    const { pages } = await start();
    expect(await pages.inside(['go', 'stay'], {}, true)).toEqual(['0 in attempt 1']);
    expect(told).toContainEqual(expect.stringMatching(/^1 aborted: .* are not read any more$/));
  });
});

describe('The types of flame.map', () => {
  it('are those of the items and of the function', () => {
    const types = (flame: Flame): void => {
      expectTypeOf(flame.map('p', [1], async (item) => String(item))).toEqualTypeOf<AsyncIterable<string>>();
      expectTypeOf(flame.map('p', new Set(['a']), (item, index) => [item, index] as const)).toEqualTypeOf<
        AsyncIterable<readonly [string, number]>
      >();
      flame.map('p', [Promise.resolve(1)], (item) => expectTypeOf(item).toEqualTypeOf<number>());
      flame.map('p', source().open(), (item) => expectTypeOf(item).toEqualTypeOf<number>());
      const settled = flame.map('p', [1], async () => 1, { settle: true });
      expectTypeOf(settled).toEqualTypeOf<
        AsyncIterable<
          | { readonly status: 'fulfilled'; readonly value: number; readonly index: number }
          | { readonly status: 'rejected'; readonly reason: unknown; readonly index: number }
        >
      >();
    };
    expect(types).toBeTypeOf('function');
  });
});
