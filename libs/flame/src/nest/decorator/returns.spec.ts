import { PassThrough, Readable } from 'node:stream';
import { Injectable, Scope } from '@nestjs/common';
import { firstValueFrom, lastValueFrom, Observable, of, toArray } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { collect } from '../../../../../test/support/collect.js';
import { startApp } from '../../../../../test/support/nest-app.js';
import { settle } from '../../../../../test/support/virtual-clock.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameModule } from '../module/flame.module.js';
import { FlamePool } from '../flame/flame-pool.js';
import { Flame } from '../flame/flame.service.js';
import type { FlameApi, FlameCasts } from '../flame/flame-api.js';
import { getPoolToken } from './inject-pool.decorator.js';
import { OnFlame } from './on-flame.decorator.js';
import { returnsOf } from './returns.js';

const here = (): string => FlameCall.current()?.pool ?? 'here';

@Injectable()
class Rows {
  begun = 0;
  ended = 0;

  @OnFlame('work')
  async *generated(count: number): AsyncGenerator<string> {
    this.begun += 1;
    try {
      for (let i = 0; i < count; i++) yield `${i} ${here()}`;
    } finally {
      this.ended += 1;
    }
  }

  @OnFlame('work')
  ticks(count: number): Observable<string> {
    this.begun += 1;
    return new Observable((subscriber) => {
      for (let i = 0; i < count; i++) subscriber.next(`${i} ${here()}`);
      if (count < Infinity) subscriber.complete();
    });
  }

  @OnFlame('work')
  file(): Readable {
    this.begun += 1;
    return Readable.from([Buffer.from('a'), Buffer.from('b')], { objectMode: false });
  }

  @OnFlame('work')
  web(): ReadableStream<number> {
    return ReadableStream.from([1, 2]);
  }

  @OnFlame('work', { returns: 'iterable' })
  declared(): AsyncIterable<string> {
    return this.generated(2);
  }

  @OnFlame('work', { returns: 'iterable' })
  wrong(): AsyncIterable<number> {
    return of(1) as unknown as AsyncIterable<number>;
  }

  @OnFlame('work', { returns: 'observable' })
  none(): Observable<number> {
    return 'nothing' as unknown as Observable<number>;
  }

  @OnFlame('work')
  unknown() {
    return this.generated(1);
  }

  @OnFlame('work')
  async throws(): Promise<AsyncIterable<string>> {
    return this.generated(3);
  }

  async steps(count: number): Promise<string> {
    for (let done = 1; done <= count; done++) FlameCall.current()!.progress({ done });
    return here();
  }

  undecorated(): Observable<string> {
    return of(here());
  }

  async plain(): Promise<number> {
    return 1;
  }

  sync(): number {
    return 1;
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerCall {
  @OnFlame('work')
  async *rows(): AsyncGenerator<string> {
    yield here();
  }
}

async function start(): Promise<{ rows: Rows; flame: Flame; pool: FlamePool }> {
  const app = await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 2 }])], providers: [Rows, PerCall] });
  return { rows: app.get(Rows), flame: app.get(Flame), pool: app.get<FlamePool>(getPoolToken('work')) };
}

describe('@OnFlame on methods that stream', () => {
  it('returns at once the kind of stream in the method’s type', async () => {
    const { rows } = await start();
    expect(await collect(rows.generated(3))).toEqual(['0 work', '1 work', '2 work']);
    const ticks = rows.ticks(2);
    expect(ticks).toBeInstanceOf(Observable);
    expect(await lastValueFrom(ticks.pipe(toArray()))).toEqual(['0 work', '1 work']);
    const file = rows.file();
    expect(file).toBeInstanceOf(Readable);
    expect(Buffer.concat(await collect<Buffer>(file)).toString()).toBe('ab');
    expect(await collect(rows.web())).toEqual([1, 2]);
    expect(await collect(rows.declared())).toEqual(['0 work', '1 work']);
    expect(await collect(await rows.throws())).toHaveLength(3);
  });

  it('calls when the stream is first read; an Observable at each subscription', async () => {
    const { rows } = await start();
    const [generated, ticks, file] = [rows.generated(1), rows.ticks(1), rows.file()];
    await settle();
    expect(rows.begun).toBe(0);
    await generated.next();
    expect(rows.begun).toBe(1);
    expect([await firstValueFrom(ticks), await firstValueFrom(ticks)]).toEqual(['0 work', '0 work']);
    expect(rows.begun).toBe(3);
    await collect(file);
    expect(rows.begun).toBe(4);
  });

  it('ends the work when the reader stops', async () => {
    const { rows, pool } = await start();
    for await (const _ of rows.generated(Infinity)) break;
    await firstValueFrom(rows.ticks(100));
    await settle(10);
    expect(rows.ended).toBe(1);
    expect(pool.stats().running).toBe(0);
  });

  it('makes no call for a stream that is closed before it is read, and ends one that is closed while it waits', async () => {
    const { rows, pool } = await start();
    await rows.generated(1).return(undefined);
    rows.file().destroy();
    const waiting = rows.generated(1);
    const next = waiting.next();
    await waiting.return(undefined);
    expect(await next).toEqual({ done: true, value: undefined });
    rows
      .ticks(1)
      .subscribe({ error: (error: unknown) => expect.unreachable(String(error)) })
      .unsubscribe();
    await settle(10);
    expect(rows.begun).toBe(0);
    expect(pool.stats()).toMatchObject({ running: 0, waiting: 0 });
  });

  it('passes errors to the reader, also those of the call itself', async () => {
    const { flame } = await start();
    const caller = new AbortController();
    caller.abort(new Error('the user left'));
    const rows = flame.on('work', Rows, { signal: caller.signal }).generated(1);
    await expect(rows.next()).rejects.toMatchObject({ code: 'FLAME_CANCELLED' });
    expect(await rows.next()).toEqual({ done: true, value: undefined });
    await expect(firstValueFrom(flame.on('work', Rows, { signal: caller.signal }).ticks(1))).rejects.toThrow('the user left');
  });

  it('finds the instance of a request-scoped class', async () => {
    const { flame } = await start();
    expect(await collect(flame.on('work', PerCall).rows())).toEqual(['work']);
  });

  it('names the method and the option if the result is of another kind', async () => {
    const { rows, pool } = await start();
    await expect(collect(rows.wrong())).rejects.toThrow(
      /Rows\.wrong should return AsyncIterable, but returned another kind of stream, Observable\..*\{ returns: … \}/,
    );
    await expect(firstValueFrom(rows.none())).rejects.toThrow(/Rows\.none should return Observable, but returned no stream/);
    await settle(10);
    expect(pool.stats().running).toBe(0);
  });

  it('explains the use of a promise as a stream', async () => {
    const { rows, flame, pool } = await start();
    expect(() => rows.unknown()[Symbol.asyncIterator]()).toThrow(
      /Rows\.unknown returned a promise, because nothing declares that it returns a stream\..*returns/,
    );
    expect(() => flame.on('work', Rows).undecorated().subscribe()).toThrow(FlameError);
    await settle(10);
    expect(pool.stats().running).toBe(0);
    expect(await collect((await rows.unknown()) as unknown as AsyncIterable<string>)).toEqual(['0 work']);
  });

  it('refuses a return type that does not exist at run time', () => {
    expect(() => {
      class Late {
        @OnFlame('work')
        rows(): AsyncIterable<number> {
          return ReadableStream.from([1]);
        }
      }
      return Late;
    }).toThrow(/@OnFlame on Late\.rows has a return type that does not exist at run time\. Set { returns: … } .*'iterable'/);
    expect(() => OnFlame('work', { returns: 'stream' as 'promise' })({}, 'a', { value: async () => undefined })).toThrow(
      /returns must be one of/,
    );
  });
});

describe('Flame on methods that stream', () => {
  it('returns the kind of stream in the method’s type or option', async () => {
    const { flame } = await start();
    expect(await collect(flame.on('work', Rows).generated(1))).toEqual(['0 work']);
    expect(await lastValueFrom(flame.on('work', Rows, { returns: 'observable' }).undecorated())).toBe('work');
    expect(await flame.on('work', Rows).plain()).toBe(1);
  });

  it('accepts an onProgress with a typed argument', async () => {
    const { flame } = await start();
    const told: number[] = [];
    const onProgress = ({ done }: { done: number }): void => void told.push(done);
    expect(await flame.on('work', Rows, { onProgress }).steps(3)).toBe('work');
    expect(told).toEqual([1, 2, 3]);
  });

  it('offers methods that stream, and casts only the others', () => {
    expectTypeOf<keyof FlameApi<Rows>>().toEqualTypeOf<
      'generated' | 'ticks' | 'file' | 'web' | 'declared' | 'wrong' | 'none' | 'unknown' | 'throws' | 'steps' | 'undecorated' | 'plain'
    >();
    expectTypeOf<keyof FlameCasts<Rows>>().toEqualTypeOf<'throws' | 'steps' | 'plain'>();
    expectTypeOf<FlameApi<Rows>['file']>().returns.toEqualTypeOf<Readable>();
    const descriptor: TypedPropertyDescriptor<() => number> = {};
    // A plain value cannot come later. As a decorator, this is a type error.
    expect(() => expectTypeOf(OnFlame('work')(Rows.prototype, 'sync', descriptor)).not.toEqualTypeOf<void>()).toThrow(
      /needs an instance method/,
    );
  });
});

describe('returnsOf', () => {
  it.each([
    [async () => {}, Object, 'promise'],
    [async function* () {}, Object, 'iterable'],
    [() => {}, Promise, 'promise'],
    [() => {}, Observable, 'observable'],
    [() => {}, PassThrough, 'readable'],
    [() => {}, ReadableStream, 'web-stream'],
    [() => {}, undefined, undefined],
    [() => {}, Object, undefined],
  ])('returns for %o with the type %o: %s', (method, type, returns) => {
    expect(returnsOf(method, type)).toBe(returns);
  });
});
