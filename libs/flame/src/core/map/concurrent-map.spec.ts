import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { collect } from '../../../../../test/support/collect.js';
import { source } from '../../../../../test/support/counted-source.js';
import { AbortListeners } from '../call/abort-listeners.js';
import { ConcurrentMap } from './concurrent-map.js';
import type { MapSetup, RunItem } from './concurrent-map.js';
import type { Items } from './item-source.js';

function mapped<T, R>(items: Items<T>, run: RunItem<T, R>, setup: Partial<MapSetup> = {}): ConcurrentMap<T, R> {
  const defaults = { name: 'the map', concurrency: 2, ordered: true, settle: false, listeners: new AbortListeners(), site: {} };
  return new ConcurrentMap(items, run, { ...defaults, ...setup });
}

/** Work that the test ends, item by item. */
function work<T>() {
  const running = new Map<number, { item: T; resolve: (value: string) => void; reject: (error: unknown) => void; signal: AbortSignal }>();
  const run = (item: T, index: number, signal: AbortSignal): Promise<string> =>
    new Promise((resolve, reject) => running.set(index, { item, resolve, reject, signal }));
  const end = async (index: number): Promise<void> => {
    running.get(index)!.resolve(`result ${index}`);
    running.delete(index);
    await turn();
  };
  const fail = async (index: number, error: unknown): Promise<void> => {
    running.get(index)!.reject(error);
    running.delete(index);
    await turn();
  };
  return { run, end, fail, running, indexes: () => [...running.keys()] };
}

const reasonOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => expect.fail(`it resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('ConcurrentMap', () => {
  it('yields the results in the order of the items, whatever completes first', async () => {
    const { run, end } = work();
    const results = collect(mapped(['a', 'b', 'c'], run, { concurrency: 3 }));
    await turn();
    for (const index of [2, 1, 0]) await end(index);
    expect(await results).toEqual(['result 0', 'result 1', 'result 2']);
  });

  it('yields results as they complete if they are not ordered', async () => {
    const { run, end } = work();
    const results = collect(mapped(['a', 'b', 'c'], run, { concurrency: 3, ordered: false }));
    await turn();
    for (const index of [2, 0, 1]) await end(index);
    expect(await results).toEqual(['result 2', 'result 0', 'result 1']);
  });

  it.each<[string, Items<string>]>([
    ['an array', ['a', 'b']],
    ['a Set', new Set(['a', 'b'])],
    ['an array of promises', [Promise.resolve('a'), 'b']],
    [
      'an async generator',
      (async function* () {
        yield* ['a', 'b'];
      })(),
    ],
    [
      'a generator',
      (function* () {
        yield* ['a', 'b'];
      })(),
    ],
  ])('accepts items from %s, with their index', async (_, items) => {
    expect(await collect(mapped(items, (item, index) => `${index}${item}`))).toEqual(['0a', '1b']);
  });

  it('begins the work on items that are there without waiting between them', async () => {
    const { run, indexes } = work();
    const map = mapped(upTo(5), run, { concurrency: 3 });
    void map.next();
    expect(indexes()).toEqual([0, 1, 2]);
    await map.return();
  });

  it('is empty for no items, and yields results that are undefined', async () => {
    expect(await collect(mapped([], () => expect.fail()))).toEqual([]);
    expect(await collect(mapped([1, 2, 3], () => undefined, { ordered: false }))).toEqual([undefined, undefined, undefined]);
  });

  it('reads nothing from the source before the first read', async () => {
    const items = source();
    const map = mapped(items.open(), async (item) => item);
    await turn();
    expect(items.produced).toBe(0);
    await map.return();
    expect(items.produced).toBe(0);
  });

  it.each([true, false])(
    'never has more than `concurrency` items that run, are unread, or are held by the reader (ordered: %s)',
    async (ordered) => {
      const items = source();
      const { run, end, running } = work();
      const map = mapped(items.open(), run, { concurrency: 3, ordered });
      const first = map.next();
      await turn();
      expect(items.produced).toBe(3);
      await end(0);
      expect([await first, items.produced]).toEqual([{ done: false, value: 'result 0' }, 3]);
      for (const index of [1, 2]) await end(index);
      expect([items.produced, running.size]).toEqual([3, 0]);
      // Two are unread, and that the reader asks for the second says that the first is done with.
      expect(await map.next()).toEqual({ done: false, value: 'result 1' });
      await turn();
      expect([items.produced, running.size]).toEqual([4, 1]);
      await map.return();
      expect(items.cleaned).toBe(true);
    },
  );

  it('alternates between reader and work at a concurrency of 1', async () => {
    const { run, end, indexes } = work();
    const map = mapped(upTo(3), run, { concurrency: 1 });
    for (const index of upTo(3)) {
      const read = map.next();
      await turn();
      await end(index);
      await read;
      expect(indexes()).toEqual([]);
    }
    expect(await map.next()).toEqual({ done: true, value: undefined });
  });

  it('delays other results behind a slow first item if they are ordered', async () => {
    const { run, end, indexes } = work();
    const map = mapped(upTo(10), run);
    const first = map.next();
    await turn();
    await end(1);
    expect(indexes()).toEqual([0]);
    await end(0);
    await first;
    void map.next();
    await turn();
    expect(indexes()).toEqual([2]);
    await map.return();
  });

  it('answers several reads at once, and ends each', async () => {
    const map = mapped([1, 2, 3], async (item) => item);
    const reads = await Promise.all(Array.from({ length: 5 }, () => map.next()));
    expect(reads.map(({ value }) => value)).toEqual([1, 2, 3, undefined, undefined]);
    expect(await map.next()).toEqual({ done: true, value: undefined });
  });

  it('calls source and work in the async context in which it was made', async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const items = {
      *[Symbol.iterator]() {
        try {
          for (;;) yield seen.push(context.getStore());
        } finally {
          seen.push(context.getStore());
        }
      },
    };
    const map = context.run('made', () => mapped(items, async () => seen.push(context.getStore()), { concurrency: 1 }));
    await context.run('read', async () => {
      for (const _ of upTo(3)) await map.next();
      await map.return();
    });
    expect(new Set(seen)).toEqual(new Set(['made']));
  });
});

describe('The first failure of a ConcurrentMap', () => {
  it('is thrown as the same error with its index, and aborts the rest', async () => {
    const items = source();
    const { run, fail, running } = work();
    const reading = reasonOf(collect(mapped(items.open(), run, { concurrency: 3 })));
    await turn();
    const error = new RangeError('no such page');
    const { signal } = running.get(0)!;
    await fail(1, error);
    expect(await reading).toBe(error);
    expect(error).toMatchObject({ index: 1 });
    expect(signal.reason).toMatchObject({ code: 'FLAME_CANCELLED', message: 'item 1 of the map failed: no such page', cause: error });
    expect([items.produced, items.cleaned]).toEqual([3, true]);
  });

  it.each([
    [true, ['result 0']],
    [false, ['result 0', 'result 2']],
  ])('comes after the results that were already readable (ordered: %s)', async (ordered, before) => {
    const { run, end, fail, running } = work();
    const map = mapped(upTo(9), run, { concurrency: 5, ordered });
    const first = map.next();
    await turn();
    await end(0);
    await end(2);
    await fail(3, new Error('third'));
    // What ends after the failure is dropped.
    await end(1);
    expect([await first, running.size]).toEqual([{ done: false, value: before[0] }, 1]);
    for (const value of before.slice(1)) expect(await map.next()).toEqual({ done: false, value });
    expect(await reasonOf(map.next())).toMatchObject({ message: 'third', index: 3 });
    expect(await map.next()).toEqual({ done: true, value: undefined });
  });

  it('is the only one: later failures are dropped', async () => {
    const { run, fail, running } = work();
    const reading = reasonOf(collect(mapped(upTo(2), run)));
    await turn();
    running.get(0)!.signal.addEventListener('abort', () => running.get(0)!.reject(new Error('aborted')));
    await fail(1, new Error('boom'));
    expect(await reading).toMatchObject({ message: 'boom', index: 1 });
  });

  it.each([['a text'], [Object.freeze(new Error('frozen'))], [undefined]])(
    'is thrown unchanged if no index can be added: %s',
    async (thrown) => {
      expect(await reasonOf(collect(mapped([1], async () => Promise.reject(thrown as Error))))).toBe(thrown);
    },
  );

  it('may be thrown synchronously by the work', async () => {
    const work = (): never => {
      throw new Error('at once');
    };
    expect(await reasonOf(collect(mapped([1], work)))).toMatchObject({ message: 'at once', index: 0 });
  });

  it('waits for the cleanup of the source, whose error does not replace it', async () => {
    const cleaned: string[] = [];
    const items = (async function* () {
      try {
        for (;;) yield 1;
      } finally {
        await turn();
        cleaned.push('source');
        // oxlint-disable-next-line no-unsafe-finally -- the source under test does
        throw new Error('cleanup');
      }
    })();
    const reading = reasonOf(collect(mapped(items, async () => Promise.reject(new Error('work')))));
    expect([await reading, cleaned]).toEqual([expect.objectContaining({ message: 'work' }), ['source']]);
  });
});

describe('A ConcurrentMap that settles', () => {
  it('yields the outcome of each item, and continues', async () => {
    const fails = async (item: number): Promise<number> => (item % 2 ? Promise.reject(new Error(`odd ${item}`)) : item);
    expect(await collect(mapped(upTo(4), fails, { settle: true }))).toEqual([
      { status: 'fulfilled', value: 0, index: 0 },
      { status: 'rejected', reason: new Error('odd 1'), index: 1 },
      { status: 'fulfilled', value: 2, index: 2 },
      { status: 'rejected', reason: new Error('odd 3'), index: 3 },
    ]);
  });

  it('does not change the errors', async () => {
    const error = new Error('no');
    const [settled] = await collect(mapped([1], async () => Promise.reject(error), { settle: true }));
    expect([settled, Object.keys(error)]).toEqual([{ status: 'rejected', reason: error, index: 0 }, []]);
  });

  it('finishes the items before it throws the error of the source', async () => {
    const items = (function* () {
      yield* [1, 2];
      throw new Error('no third');
    })();
    const { run, end, running } = work();
    const map = mapped(items, run, { settle: true, concurrency: 5 });
    const reads = [map.next(), map.next(), reasonOf(map.next())];
    await turn();
    expect(running.get(0)!.signal.aborted).toBe(false);
    for (const index of [0, 1]) await end(index);
    expect(await Promise.all(reads)).toEqual([
      { done: false, value: { status: 'fulfilled', value: 'result 0', index: 0 } },
      { done: false, value: { status: 'fulfilled', value: 'result 1', index: 1 } },
      new Error('no third'),
    ]);
  });
});

describe('The source of a ConcurrentMap', () => {
  it('may throw: the error is thrown without an index, and the work is aborted', async () => {
    const { run, running } = work();
    const error = new Error('disk full');
    const items = (async function* () {
      yield 1;
      throw error;
    })();
    expect(await reasonOf(collect(mapped(items, run)))).toBe(error);
    expect(Object.keys(error)).toEqual([]);
    expect(running.get(0)!.signal.reason).toMatchObject({ message: 'the items of the map failed: disk full' });
  });

  it('is not closed after it threw', async () => {
    let returned = 0;
    const items = {
      next: () => Promise.reject(new Error('broken')),
      return: async () => ({ done: true, value: ++returned }) as const,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    const map = mapped(items, async () => {});
    expect(await reasonOf(map.next())).toMatchObject({ message: 'broken' });
    await map.return();
    expect(returned).toBe(0);
  });

  it('may return a promise that rejects: the source ends, as in for await', async () => {
    let cleaned = false;
    const items = (function* () {
      try {
        yield Promise.reject(new Error('no item'));
      } finally {
        cleaned = true;
      }
    })();
    expect(await reasonOf(collect(mapped(items, async () => {})))).toMatchObject({ message: 'no item' });
    expect(cleaned).toBe(true);
  });

  it('may never yield its next item: the end of the loop does not wait for it', async () => {
    const items = {
      returned: 0,
      count: 0,
      next(): Promise<IteratorResult<number>> {
        return this.count++ === 0 ? Promise.resolve({ done: false, value: 1 }) : new Promise(() => {});
      },
      return(): Promise<IteratorResult<number>> {
        this.returned++;
        return new Promise(() => {});
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    for await (const _ of mapped(items, async (item) => item)) break;
    expect(items.returned).toBe(1);
  });
});

describe('Leaving the loop over a ConcurrentMap', () => {
  it('aborts running work, and waits for the cleanup of the source', async () => {
    const { run, end, running } = work();
    let cleaned = false;
    const items = (async function* () {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        await turn();
        cleaned = true;
      }
    })();
    const loop = (async () => {
      for await (const _ of mapped(items, run, { concurrency: 3 })) break;
    })();
    await turn();
    const { signal } = running.get(1)!;
    await end(0);
    await loop;
    expect([cleaned, signal.reason]).toEqual([
      true,
      expect.objectContaining({ code: 'FLAME_CANCELLED', message: 'the results of the map are not read any more' }),
    ]);
  });

  it("throws the error of the source's cleanup, as for await does", async () => {
    const items = (function* () {
      try {
        for (;;) yield 1;
      } finally {
        // oxlint-disable-next-line no-unsafe-finally -- the source under test does
        throw new Error('cleanup');
      }
    })();
    const loop = async (): Promise<void> => {
      for await (const _ of mapped(items, async (item) => item)) break;
    };
    expect(await reasonOf(loop())).toMatchObject({ message: 'cleanup' });
  });

  it('ends a waiting read', async () => {
    const { run, running } = work();
    const map = mapped([1], run);
    const read = map.next();
    await turn();
    await map.return();
    expect([await read, running.get(0)!.signal.aborted]).toEqual([{ done: true, value: undefined }, true]);
  });

  it('drops the error of an unread item, and the error of the cleanup after it', async () => {
    const items = {
      next: async () => ({ done: false, value: 1 }) as const,
      return: () => Promise.reject(new Error('cleanup')),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    const { run, end, fail } = work();
    const map = mapped(items, run, { concurrency: 3 });
    const first = map.next();
    await turn();
    await end(0);
    await first;
    await fail(2, new Error('unread'));
    await map.return();
    expect(await map.next()).toEqual({ done: true, value: undefined });
  });
});

describe('The signal of a ConcurrentMap', () => {
  it('ends it: FLAME_CANCELLED, without the unread results, and running work is aborted with the reason', async () => {
    const controller = new AbortController();
    const items = source();
    const { run, end, running } = work();
    const map = mapped(items.open(), run, { signal: controller.signal, concurrency: 3 });
    const first = map.next();
    await turn();
    await end(0);
    await first;
    await end(1);
    const { signal } = running.get(2)!;
    controller.abort(new Error('the user left'));
    const error = await reasonOf(map.next());
    expect(error).toMatchObject({
      code: 'FLAME_CANCELLED',
      ran: 'maybe',
      message: 'the map was cancelled (the user left)',
      cause: controller.signal.reason,
    });
    expect([signal.reason, items.cleaned]).toEqual([controller.signal.reason, true]);
    expect(await map.next()).toEqual({ done: true, value: undefined });
  });

  it('ends it also while it settles', async () => {
    const controller = new AbortController();
    const { run } = work();
    const read = reasonOf(mapped([1], run, { signal: controller.signal, settle: true }).next());
    await turn();
    controller.abort();
    expect(await read).toMatchObject({ code: 'FLAME_CANCELLED' });
  });

  it('ends it also if only unread results are left', async () => {
    const controller = new AbortController();
    const map = mapped(upTo(2), async (item) => item, { signal: controller.signal, concurrency: 3 });
    await map.next();
    await turn();
    controller.abort();
    expect(await reasonOf(map.next())).toMatchObject({ code: 'FLAME_CANCELLED' });
  });

  it('has no listener after the end', async () => {
    const { signal } = new AbortController();
    const listeners = (): number => getEventListeners(signal, 'abort').length;
    const map = mapped([1, 2, 3], async (item) => item, { signal });
    await map.next();
    expect(listeners()).toBe(1);
    await collect(map);
    expect(listeners()).toBe(0);
  });

  it('prevents the start if it has already aborted', async () => {
    const items = source();
    const signal = AbortSignal.abort(new Error('gone before'));
    const map = mapped(items.open(), () => expect.fail(), { signal });
    expect(await reasonOf(map.next())).toMatchObject({
      code: 'FLAME_CANCELLED',
      ran: 'no',
      message: 'the map was not started: its signal had aborted before (gone before)',
    });
    expect(items.produced).toBe(0);
  });
});

describe('The memory of a ConcurrentMap', () => {
  it.each([
    [1_000_000, true],
    [100_000, false],
  ])(
    'holds no item, result or listener of results that were read, over %i items (ordered: %s)',
    async (count, ordered) => {
      setFlagsFromString('--expose-gc');
      const collectAll = runInNewContext('gc') as () => void;
      const { signal } = new AbortController();
      const kept: WeakRef<object>[] = [];
      const keep = <V extends object>(value: V): V => {
        kept.push(new WeakRef(value));
        return value;
      };
      const items = (function* () {
        for (let n = 0; n < count; n++) yield n % 1_000 === 0 ? keep({ n }) : { n };
      })();
      let read = 0;
      let signals = 0;
      const run = async ({ n }: { n: number }, _: number, itemSignal: AbortSignal): Promise<object> => {
        signals = getEventListeners(itemSignal, 'abort').length;
        return n % 1_000 === 0 ? keep({ n }) : { n };
      };
      const concurrency = 64;
      for await (const result of mapped(items, run, { ordered, concurrency, signal })) {
        read++;
        if (read % (count / 4) !== 0) continue;
        expect(result).toBeDefined();
        // A WeakRef holds its object until the turn in which it was made is over.
        await turn();
        collectAll();
        expect(kept.filter((ref) => ref.deref()).length).toBeLessThanOrEqual(2 * Math.ceil(concurrency / 1_000) + 2);
      }
      expect([read, kept.length, signals, getEventListeners(signal, 'abort').length]).toEqual([count, count / 500, 0, 0]);
    },
    60_000,
  );
});
