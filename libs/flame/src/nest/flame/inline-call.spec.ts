import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { Injectable, Module, Scope } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { lastValueFrom, Observable, of, toArray } from 'rxjs';
import { afterAll, describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest';
import { startApp } from '../../../../../test/support/nest-app.js';
import { $function, $inline, $method, inlineFunctions, inlineMethods } from '../../inline/index.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameFaults, FlameTestingModule } from '../../testing/index.js';
import { getPoolToken } from '../decorator/inject-pool.decorator.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';
import { FlameApp } from '../module/flame-app.js';
import { FlameModule } from '../module/flame.module.js';
import type { FlameCallOptions } from './call-options.js';
import type { FlamePool } from './flame-pool.js';
import { Flame } from './flame.service.js';

// Other files of this process would find them in their apps.
afterAll(() => {
  (inlineFunctions as Map<string, unknown>).clear();
  (inlineMethods as Map<symbol, unknown>).clear();
});

// The marks are those that the compile step writes.

function where(): string {
  return FlameCall.current()?.pool ?? 'here';
}

/** Instances count from 1. */
let made = 0;

class Shelf {
  protected label(): string {
    return 'shelf';
  }
}

@Injectable()
class Books extends Shelf {
  readonly number = ++made;
  #secret = 'secret';
  /** The captured values, read and counted. */
  reads = 0;

  constructor(readonly flame: Flame) {
    super();
  }

  protected override label(): string {
    return 'books';
  }

  [$method('Books.lend/1', 'lend-1', ['title', 'readers'])](title: string, readers: { name: string }[]): unknown {
    return (async () => {
      readers[0]!.name += '!';
      return { where: where(), on: this.number, title, readers, secret: this.#secret, above: super.label(), own: this.label() };
    })();
  }

  lend(title: string, readers: { name: string }[], options?: FlameCallOptions): Promise<unknown> {
    return this.flame.call(
      'p',
      $inline(
        async () => {
          readers[0]!.name += '!';
          return { where: where(), on: this.number, title, readers, secret: this.#secret, above: super.label(), own: this.label() };
        },
        'Books.lend/1',
        () => {
          this.reads++;
          return [this, title, readers];
        },
        undefined,
        'lend-1',
      ),
      options,
    );
  }

  [$method('Books.pages/1', 'pages-1', ['count'])](count: number): unknown {
    return async function* (this: Books) {
      for (let page = 1; page <= count; page++) yield `${where()} ${page}`;
    }.call(this);
  }

  pages(count: number): AsyncIterable<string> {
    return this.flame.call(
      'p',
      $inline(
        async function* (this: Books) {
          for (let page = 1; page <= count; page++) yield `${where()} ${page}`;
        },
        'Books.pages/1',
        () => [this, count],
        undefined,
        'pages-1',
      ),
    );
  }

  [$method('Books.hold/1', 'hold-1', ['held'])](held: unknown): unknown {
    return (async () => held)();
  }

  hold(held: unknown): Promise<unknown> {
    return this.flame.call(
      'p',
      $inline(
        async () => held,
        'Books.hold/1',
        () => [this, held],
        undefined,
        'hold-1',
      ),
    );
  }

  [$method('Books.stay/1', 'stay-1', [])](): unknown {
    return (async () => forever())();
  }

  stay(options?: FlameCallOptions): Promise<never> {
    return this.flame.call(
      'p',
      $inline(
        async () => forever(),
        'Books.stay/1',
        () => [this],
        undefined,
        'stay-1',
      ),
      options,
    );
  }

  @OnFlame('p')
  async inside(options?: FlameCallOptions): Promise<unknown> {
    const readers = [{ name: 'Ann' }];
    return [await this.lend('Emma', readers, options), readers];
  }

  @OnFlame('p')
  async staysInside(options: FlameCallOptions): Promise<unknown> {
    return this.stay(options);
  }

  [$method('Books.burn/1', 'burn-1', [])](): unknown {
    return (async () => {
      throw new RangeError('it burns');
    })();
  }

  burn(): Promise<void> {
    const body = async (): Promise<never> => {
      throw new RangeError('it burns');
    };
    return this.flame.cast(
      'p',
      $inline(body, 'Books.burn/1', () => [this], undefined, 'burn-1'),
    );
  }
}

async function forever(): Promise<never> {
  const { signal } = FlameCall.current()!;
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}

$function('src/sum.js#sum/1', 'sum-1', ['a', 'b'], ((a: number, b: number) => (async () => [a + b, where()])()) as never);
function sum(flame: Flame, a: number, b: number): Promise<unknown> {
  return flame.call(
    'p',
    $inline(
      async () => [a + b, where()],
      'src/sum.js#sum/1',
      () => [undefined, a, b],
      undefined,
      'sum-1',
    ),
  );
}

const pools = [{ name: 'p', max: 2, maxConcurrency: 4 }];

async function start(options = {}): Promise<{ flame: Flame; books: Books; pool: FlamePool }> {
  const app = await startApp({ imports: [FlameModule.forRoot(pools, options)], providers: [Books] });
  return { flame: app.get(Flame), books: app.get(Books), pool: app.get<FlamePool>(getPoolToken('p')) };
}

describe('flame.call', () => {
  it('runs the function on an instance of the runner, with copies of the captured values, private names and super', async () => {
    const { books } = await start();
    const readers = [{ name: 'Ann' }];
    expect(await books.lend('Emma', readers)).toEqual({
      where: 'p',
      on: books.number,
      title: 'Emma',
      readers: [{ name: 'Ann!' }],
      secret: 'secret',
      above: 'shelf',
      own: 'books',
    });
    expect(readers).toEqual([{ name: 'Ann' }]);
  });

  it('reads the captured values once, at the call', async () => {
    const { books } = await start();
    const readers = [{ name: 'Ann' }];
    const lending = books.lend('Emma', readers, { retry: { attempts: 3 } });
    expect(books.reads).toBe(1);
    readers[0]!.name = 'Bob';
    expect(await lending).toMatchObject({ readers: [{ name: 'Ann!' }] });
    expect(books.reads).toBe(1);
  });

  it('runs a function that uses no `this`, in and outside of classes', async () => {
    const { flame } = await start();
    expect(await sum(flame, 1, 2)).toEqual([3, 'p']);
  });

  it('returns an AsyncIterable of an async generator, which begins when it is read, with the values of the call', async () => {
    const { books, pool } = await start();
    const pages = books.pages(2);
    expect(pool.stats().calls.started).toBe(0);
    const read: string[] = [];
    for await (const page of pages) read.push(page);
    expect(read).toEqual(['p 1', 'p 2']);
  });

  it('returns the kind of stream in the option returns, with the values of the call at each subscription', async () => {
    const found = { count: 2 };
    $function('src/a.js#count/1', 'a', ['found'], ((copy: typeof found) => (() => of(copy.count, ++copy.count))()) as never);
    const body = $inline(
      () => of(found.count, ++found.count),
      'src/a.js#count/1',
      () => [undefined, found],
      undefined,
      'a',
    );
    const { flame } = await start();
    const numbers = flame.call('p', body, { returns: 'observable' });
    found.count = 10;
    expect(await lastValueFrom(numbers.pipe(toArray()))).toEqual([2, 3]);
    expect(await lastValueFrom(numbers.pipe(toArray()))).toEqual([2, 3]);
    expect(() => flame.call('p', body).subscribe()).toThrow(
      /^src\/a\.js#count\/1 returned a promise, because nothing declares that it returns a stream/,
    );
  });

  it('names the function in errors, failures, calls and metrics', async () => {
    const { books, pool } = await start();
    const cancel = new AbortController();
    const staying = books.stay({ signal: cancel.signal });
    await vi.waitFor(() => expect(pool.calls().running.map(({ handler }) => handler)).toEqual(['Books.stay/1']));
    cancel.abort(new Error('enough'));
    await expect(staying).rejects.toMatchObject({
      code: 'FLAME_CANCELLED',
      message: expect.stringMatching(/^Books\.stay\/1 was cancelled/),
    });
    expect(pool.failures[0]).toMatchObject({ handler: 'Books.stay/1', code: 'FLAME_CANCELLED' });
  });

  it('applies the options of the call', async () => {
    const { books } = await start();
    await expect(books.stay({ timeout: 20 })).rejects.toMatchObject({ code: 'FLAME_TIMEOUT' });
    await expect(books.stay({ timeout: -1 })).rejects.toThrow(/flame\.call\('p', …\) options\.timeout must be/);
    await expect(books.stay({ idempotent: 1 as never })).rejects.toThrow(/options\.idempotent/);
  });

  it('runs in place inside a handler, within the limits of its options', async () => {
    const { books } = await start();
    const [lent, readers] = (await books.inside()) as [{ where: string }, unknown];
    expect(lent.where).toBe('p');
    // The function itself ran, on the variables themselves.
    expect(readers).toEqual([{ name: 'Ann!' }]);
    const bounded = (await books.inside({ timeout: 5_000 })) as [{ where: string }, unknown];
    expect(bounded).toMatchObject([{ title: 'Emma' }, [{ name: 'Ann!' }]]);
    await expect(books.staysInside({ timeout: 20 })).rejects.toThrow(/^Books\.stay\/1 timed out after 20 ms of running in place/);
  });

  it('retries a call that was lost with its runner, with the values of the call', async () => {
    const app = await Test.createTestingModule({ imports: [FlameTestingModule.forRoot(pools)], providers: [Books] })
      .setLogger(false as never)
      .compile();
    onTestFinished(() => app.close());
    await app.init();
    const books = app.get(Books);
    const readers = [{ name: 'Ann' }];
    await books.hold(1);
    const lending = books.lend('Emma', readers, { retry: { attempts: 2 }, idempotent: true });
    app.get(FlameFaults).dropRunner();
    readers[0]!.name = 'Bob';
    expect(await lending).toMatchObject({ readers: [{ name: 'Ann!' }] });
    expect(books.reads).toBe(1);
  });

  it('has the types of the function', () => {
    const types = (flame: Flame): void => {
      expectTypeOf(flame.call('p', async () => 1)).toEqualTypeOf<Promise<number>>();
      expectTypeOf(flame.call('p', () => 1)).toEqualTypeOf<Promise<number>>();
      expectTypeOf(flame.call('p', () => of('a'))).toEqualTypeOf<Observable<string>>();
      expectTypeOf(flame.call('p', () => Readable.from([]))).toEqualTypeOf<Readable>();
      const generator = async function* (this: Books): AsyncGenerator<Date> {};
      expectTypeOf(flame.call('p', generator)).toEqualTypeOf<AsyncIterable<Date>>();
      expectTypeOf(flame.cast('p', async () => 1)).toEqualTypeOf<Promise<void>>();
    };
    expect(types).toBeTypeOf('function');
  });
});

describe('flame.call, on the instances of', () => {
  class Base {
    readonly number = ++made;
    constructor(readonly flame: Flame) {}

    [$method('Base.run/1', 'run-1', [])](): unknown {
      return (async () => [this.number, this.constructor.name, where()])();
    }

    run(): Promise<unknown> {
      return this.flame.call(
        'p',
        $inline(
          async () => [this.number, this.constructor.name, where()],
          'Base.run/1',
          () => [this],
          undefined,
          'run-1',
        ),
      );
    }
  }

  function namesOf(app: TestingModule): readonly string[] {
    return app
      .get(FlameApp)
      .opened('a test')
      .index.entries.filter((name) => name.startsWith('Base.'));
  }

  it('a class that inherits the method', async () => {
    @Injectable()
    class Derived extends Base {
      constructor(flame: Flame) {
        super(flame);
      }
    }
    const app = await startApp({ imports: [FlameModule.forRoot(pools)], providers: [Derived] });
    const derived = app.get(Derived);
    expect(await derived.run()).toEqual([derived.number, 'Derived', 'p']);
    expect(namesOf(app)).toEqual(['Base.run/1@Derived']);
    await expect(new Base(app.get(Flame)).run()).rejects.toThrow(/^Base\.run\/1 is not known to runners: no module provided Base when/);
  });

  it('a request-scoped provider: an instance for each call', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Base {
      constructor(flame: Flame) {
        super(flame);
      }
    }
    const app = await startApp({ imports: [FlameModule.forRoot(pools)], providers: [PerRequest] });
    const instance = await app.resolve(PerRequest);
    const [first] = (await instance.run()) as [number];
    const [second] = (await instance.run()) as [number];
    expect(new Set([instance.number, first, second]).size).toBe(3);
  });

  it('a class with several providers', async () => {
    @Injectable()
    class Twice extends Base {
      constructor(flame: Flame) {
        super(flame);
      }
    }
    @Module({ providers: [Twice] })
    class First {}
    @Module({ providers: [Twice] })
    class Second {}
    const app = await startApp({ imports: [FlameModule.forRoot(pools), First, Second] });
    for (const module of [First, Second]) {
      const instance = app.select(module).get(Twice, { strict: true });
      expect(await instance.run()).toEqual([instance.number, 'Twice', 'p']);
    }
    expect(namesOf(app)).toEqual(['Base.run/1@Twice@First', 'Base.run/1@Twice@Second']);
  });

  it('two classes with one name, whose functions have the same ids', async () => {
    const make = (digest: string): typeof Base => {
      @Injectable()
      class Same extends Base {
        constructor(flame: Flame) {
          super(flame);
        }

        [$method('Same.run/1', digest, [])](): unknown {
          return (async () => digest)();
        }

        override run(): Promise<unknown> {
          return this.flame.call(
            'p',
            $inline(
              async () => digest,
              'Same.run/1',
              () => [this],
              undefined,
              digest,
            ),
          );
        }
      }
      return Same;
    };
    const [One, Two] = [make('one'), make('two')];
    const app = await startApp({ imports: [FlameModule.forRoot(pools)], providers: [One, Two] });
    expect([await app.get(One).run(), await app.get(Two).run()]).toEqual(['one', 'two']);
  });

  it('classes with one name, in functions that use no `this`', async () => {
    const call = (digest: string) => (flame: Flame) =>
      flame.call(
        'p',
        $inline(
          async () => digest,
          'Same.pure/1',
          () => [undefined],
          undefined,
          digest,
        ),
      );
    for (const digest of ['one', 'two']) $function('Same.pure/1', digest, [], (() => (async () => digest)()) as never);
    const { flame } = await start();
    expect([await call('one')(flame), await call('two')(flame)]).toEqual(['one', 'two']);
  });
});

describe('flame.call refuses', () => {
  it('a function that was not compiled, and names the ways to have it compiled', async () => {
    const { flame } = await start();
    const failure = flame.call('p', async () => 1);
    await expect(failure).rejects.toMatchObject({ code: 'FLAME_CONFIG' });
    for (const way of [
      '`nest start --exec "node --import nestjs-flame/register"`',
      'npx nestjs-flame compile',
      'nestjs-flame/unplugin',
      'nestjs-flame/jest',
    ])
      await expect(failure).rejects.toThrow(way);
    expect(() => flame.call('p', async function* () {})).toThrow(/flame\.call\('p', …\) was given a function/);
    await expect(flame.cast('p', async () => 1)).rejects.toThrow(/flame\.cast\('p', …\) was given a function/);
    await expect(flame.call('p', 1 as never)).rejects.toThrow(/was given 1/);
  });

  it('a function with a problem', async () => {
    const { flame } = await start();
    const body = $inline(async () => 1, 'Books.count/1', undefined, 'The inline function Books.count/1 assigns to "count". Return it.');
    await expect(flame.call('p', body)).rejects.toMatchObject({
      code: 'FLAME_CONFIG',
      message: `flame.call('p', …): The inline function Books.count/1 assigns to "count". Return it.`,
    });
  });

  it('a captured value that cannot be encoded, with the name of its variable', async () => {
    const { books } = await start();
    const socket = new Socket();
    await expect(books.hold(socket)).rejects.toMatchObject({
      code: 'FLAME_ENCODING',
      message: expect.stringMatching(/^Books\.hold\/1 cannot run on a runner: captured "held": .*Socket/),
    });
    await expect(books.hold({ list: [{ socket }] })).rejects.toThrow(/captured "held"\.list\[0\]\.socket: /);
  });

  it('a function whose module was loaded after the start of the app, with its file', async () => {
    const { flame } = await start();
    $function('src/late.js#run/1', 'late', [], (() => (async () => 1)()) as never);
    const late = (): Promise<number> =>
      flame.call(
        'p',
        $inline(
          async () => 1,
          'src/late.js#run/1',
          () => [undefined],
          undefined,
          'late',
        ),
      );
    await expect(late()).rejects.toMatchObject({ code: 'FLAME_CONFIG' });
    await expect(late()).rejects.toThrow(/src\/late\.js#run\/1 .*loaded after the app started \(called at .*inline-call\.spec\.ts:\d+/);
  });

  it('a method that is called without its instance', async () => {
    const { flame } = await start();
    const body = $inline(
      async () => 1,
      'Books.stay/1',
      () => [undefined],
      undefined,
      'stay-1',
    );
    await expect(flame.call('p', body)).rejects.toThrow(/Books\.stay\/1 uses `this`, which is undefined here/);
  });

  it('an unknown pool', async () => {
    const { flame } = await start();
    const body = $inline(
      async () => 1,
      'Books.stay/1',
      () => [undefined],
      undefined,
      'stay-1',
    );
    await expect(flame.call('q', body)).rejects.toThrow(/flame\.call\('q', …\) names the pool "q"/);
  });
});

describe('flame.cast with an inline function', () => {
  it('resolves when a runner has accepted it, and passes a later error to onCastError', async () => {
    const onCastError = vi.fn<(error: unknown, handler: string) => void>();
    const { books } = await start({ onCastError });
    await books.burn();
    await vi.waitFor(() => expect(onCastError).toHaveBeenCalledWith(expect.any(RangeError), 'Books.burn/1'));
  });

  it('still returns a proxy of a class', async () => {
    const { flame, books } = await start();
    await flame.cast('p', Books).inside();
    expect(books.reads).toBe(1);
  });
});
