import { PassThrough, Readable } from 'node:stream';
import { concat, lastValueFrom, Observable, of, range, Subject, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { collect } from '../../../../test/support/collect.js';
import { source } from '../../../../test/support/counted-source.js';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { rejection } from '../../../../test/support/rejection.js';
import { settle } from '../../../../test/support/virtual-clock.js';
import type { FlameError } from '../core/errors/flame-error.js';
import { FlameCall } from '../runner/executor/flame-call.js';
import { windowBytes, windowItems } from './window.js';

const load = (rig: PoolRig): number => rig.pool.stats().running;

describe('Streams from a handler', () => {
  it('return an AsyncIterable item by item, and free the slot at its end', async () => {
    const rig = new PoolRig({ 'A.rows': () => source(100).open() });
    const rows = (await rig.call('A.rows')) as AsyncIterable<number>;
    expect(load(rig)).toBe(1);
    expect(await collect(rows)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    await settle();
    expect(load(rig)).toBe(0);
    expect(await collect(rows)).toEqual([]);
    await rig.pool.drain();
    expect(rig.clock.pending).toBe(0);
  });

  it('return an Observable, a Readable and a ReadableStream as the same kind', async () => {
    const rig = new PoolRig({
      'A.observable': () => range(1, 50),
      'A.objects': async () => Readable.from([{ a: 1 }, new Date(2), 'three']),
      'A.bytes': async () => Readable.from([Buffer.from('on'), Buffer.from('e')], { objectMode: false }),
      'A.text': async () =>
        Readable.from([Buffer.from('f\u00fc').subarray(0, 2), Buffer.from('\u00fcr')], { objectMode: false }).setEncoding('utf8'),
      'A.web': async () => ReadableStream.from([1, { two: 2 }]),
    });
    const observable = (await rig.call('A.observable')) as Observable<number>;
    expect(observable).toBeInstanceOf(Observable);
    expect(await lastValueFrom(observable.pipe(toArray()))).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    const objects = (await rig.call('A.objects')) as Readable;
    expect(objects).toBeInstanceOf(Readable);
    expect(objects.readableObjectMode).toBe(true);
    expect(await collect(objects)).toEqual([{ a: 1 }, new Date(2), 'three']);
    const bytes = (await rig.call('A.bytes')) as Readable;
    expect(bytes.readableObjectMode).toBe(false);
    expect(Buffer.concat(await collect<Buffer>(bytes)).toString()).toBe('one');
    const text = (await rig.call('A.text')) as Readable;
    expect(text.readableEncoding).toBe('utf8');
    expect((await collect<string>(text)).every((part) => typeof part === 'string')).toBe(true);
    const web = (await rig.call('A.web')) as ReadableStream;
    expect(web).toBeInstanceOf(ReadableStream);
    expect(await collect(web)).toEqual([1, { two: 2 }]);
    await rig.pool.drain();
  });

  it('may be anywhere in the result, and hold the slot until the last has ended', async () => {
    const rig = new PoolRig({
      'A.many': async () => ({ total: 3, streams: new Map([['a', source(3).open()]]), list: [source(2).open()] }),
    });
    const { streams, list, total } = (await rig.call('A.many')) as {
      total: number;
      streams: Map<string, AsyncIterable<number>>;
      list: AsyncIterable<number>[];
    };
    expect(total).toBe(3);
    expect(await collect(list[0]!)).toEqual([1, 2]);
    await settle();
    expect(load(rig)).toBe(1);
    expect(await collect(streams.get('a')!)).toEqual([1, 2, 3]);
    await settle();
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('are not started before they are read', async () => {
    const one = source();
    let subscribed = 0;
    const rig = new PoolRig({
      'A.rows': () => one.open(),
      'A.ticks': () => new Observable(() => void subscribed++),
    });
    const rows = (await rig.call('A.rows')) as AsyncGenerator<number>;
    const ticks = (await rig.call('A.ticks')) as Observable<number>;
    await settle();
    expect([one.produced, subscribed]).toEqual([0, 0]);
    await rows.next();
    ticks.subscribe().unsubscribe();
    await settle();
    expect([one.produced, subscribed]).toEqual([windowItems, 1]);
    await rows.return(undefined);
    await rig.pool.drain();
  });

  it('stop within the window when the consumer stops reading', async () => {
    const one = source();
    const rig = new PoolRig({ 'A.rows': () => one.open() });
    const rows = (await rig.call('A.rows')) as AsyncGenerator<number>;
    for (let taken = 1; taken <= 100; taken++) {
      expect((await rows.next()).value).toBe(taken);
      await settle();
      expect(one.produced).toBeLessThanOrEqual(taken + windowItems);
    }
    await settle(50);
    expect(one.produced).toBeLessThanOrEqual(100 + windowItems);
    await rows.return(undefined);
    await settle();
    expect(one.cleaned).toBe(true);
    await rig.pool.drain();
  });

  it('stop within the window behind every kind of consumer', async () => {
    const sources = { readable: source(), bytes: source(), web: source() };
    async function* megabytes(): AsyncGenerator<Buffer> {
      for await (const _ of sources.bytes.open()) yield Buffer.alloc(1000);
    }
    const rig = new PoolRig(
      {
        'A.readable': async () => Readable.from(sources.readable.open(), { highWaterMark: 1 }),
        'A.bytes': async () => Readable.from(megabytes(), { objectMode: false, highWaterMark: 1 }),
        'A.web': async () => ReadableStream.from(sources.web.open()),
      },
      { maxConcurrency: 5 },
    );
    const readable = (await rig.call('A.readable')) as Readable;
    const bytes = (await rig.call('A.bytes')) as Readable;
    const web = ((await rig.call('A.web')) as ReadableStream).getReader();
    readable.read();
    bytes.read();
    await web.read();
    await settle(50);
    // What a Readable holds beside the window is one item at each end.
    for (const { produced } of Object.values(sources)) expect(produced).toBeLessThanOrEqual(windowItems + 4);
    readable.destroy();
    bytes.destroy();
    await web.cancel();
    await settle();
    expect(Object.values(sources).map(({ cleaned }) => cleaned)).toEqual([true, true, true]);
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('stop earlier for large items, by their bytes', async () => {
    let produced = 0;
    const rig = new PoolRig({
      'A.frames': async function* () {
        for (;;) yield Buffer.alloc(windowBytes / 2 + ++produced);
      },
    });
    const frames = (await rig.call('A.frames')) as AsyncGenerator<Buffer>;
    await frames.next();
    await settle(20);
    expect(produced).toBeLessThanOrEqual(4);
    for (let i = 2; i < 40; i++) expect((await frames.next()).value!.length).toBe(windowBytes / 2 + i);
    await frames.return(undefined);
    await rig.pool.drain();
  });

  it('keep the order of 10,000 items, and of their bytes', async () => {
    const rig = new PoolRig({
      'A.rows': async function* () {
        for (let i = 0; i < 10_000; i++) yield Buffer.from(`${i},`);
      },
      'A.ticks': () => range(0, 10_000),
    });
    const rows = (await rig.call('A.rows')) as AsyncIterable<Buffer>;
    const expected = Array.from({ length: 10_000 }, (_, i) => `${i},`).join('');
    expect(Buffer.concat(await collect(rows)).toString()).toBe(expected);
    const ticks = (await rig.call('A.ticks')) as Observable<number>;
    expect((await lastValueFrom(ticks.pipe(toArray()))).join() + ',').toBe(expected);
    await rig.pool.drain();
  });

  it('run concurrently, each in its order', async () => {
    const rig = new PoolRig(
      {
        'A.rows': async function* (name: string) {
          for (let i = 0; i < 200; i++) yield `${name}${i}`;
        },
      },
      { maxConcurrency: 50, max: 1 },
    );
    const seen: string[] = [];
    await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const rows = (await rig.call('A.rows', [`${n}:`])) as AsyncIterable<string>;
        let i = 0;
        for await (const row of rows) {
          expect(row).toBe(`${n}:${i++}`);
          seen.push(row);
        }
        expect(i).toBe(200);
      }),
    );
    // Nobody had to wait for another's end.
    expect(seen.findIndex((row) => row.startsWith('49:'))).toBeLessThan(seen.length / 2);
    await rig.pool.drain();
  });

  it('pass an error in the middle unchanged, after the items before it', async () => {
    const rig = new PoolRig({
      'A.rows': async function* () {
        yield 1;
        yield 2;
        throw new RangeError('no third');
      },
      'A.ticks': () =>
        concat(
          of(1, 2),
          throwError(() => new RangeError('no third')),
        ),
      'A.file': async () =>
        new Readable({ read: (): void => {}, construct: (done) => void setImmediate(done, new RangeError('no such file')) }),
    });
    const seen: unknown[] = [];
    const error = await rejection(
      (async () => {
        for await (const row of (await rig.call('A.rows')) as AsyncIterable<number>) seen.push(row);
      })(),
    );
    expect(seen).toEqual([1, 2]);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'no third' });
    expect((error as Error).stack).toContain('runner p-test-1 (pool p)');
    const ticks: unknown[] = [];
    const failed = new Promise((resolve) =>
      rig
        .call('A.ticks')
        .then((observable) => (observable as Observable<number>).subscribe({ next: (tick) => ticks.push(tick), error: resolve })),
    );
    expect(await failed).toBeInstanceOf(RangeError);
    expect(ticks).toEqual([1, 2]);
    expect(await rejection(collect((await rig.call('A.file')) as Readable))).toMatchObject({ message: 'no such file' });
    await settle();
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('fail with the path of an item that cannot be encoded, and close their source', async () => {
    let cleaned = false;
    const rig = new PoolRig({
      'A.rows': async function* () {
        try {
          yield { fine: true };
          yield { on: { data: () => 1 } };
        } finally {
          cleaned = true;
        }
      },
    });
    const error = (await rejection(collect((await rig.call('A.rows')) as AsyncIterable<unknown>))) as FlameError;
    expect(error).toMatchObject({ code: 'FLAME_ENCODING', ran: 'maybe' });
    expect(error.message).toContain('an item of the AsyncIterable in the result of A.rows cannot cross: item.on.data');
    await settle();
    expect(cleaned).toBe(true);
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('close their source when the consumer stops: break, unsubscribe, destroy, cancel', async () => {
    const cleaned: string[] = [];
    async function* endless(name: string): AsyncGenerator<number> {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        cleaned.push(name);
      }
    }
    const rig = new PoolRig({
      'A.iterable': () => endless('iterable'),
      'A.observable': () =>
        new Observable<number>((subscriber) => {
          subscriber.next(1);
          return () => cleaned.push('observable');
        }),
      'A.readable': async () => Readable.from(endless('readable')),
      'A.web': async () => ReadableStream.from(endless('web')),
    });
    for await (const _ of (await rig.call('A.iterable')) as AsyncIterable<number>) break;
    const observable = (await rig.call('A.observable')) as Observable<number>;
    await new Promise<void>((resolve) => {
      const subscription = observable.subscribe(() => {
        subscription.unsubscribe();
        resolve();
      });
    });
    const readable = (await rig.call('A.readable')) as Readable;
    await new Promise((resolve) => readable.once('data', resolve));
    readable.destroy();
    const web = (await rig.call('A.web')) as ReadableStream;
    const reader = web.getReader();
    await reader.read();
    await reader.cancel();
    await settle();
    expect(cleaned).toEqual(['iterable', 'observable', 'readable', 'web']);
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('end a source that waits for its next item when the consumer stops, and abort the call’s signal', async () => {
    let reason: unknown;
    const quiet = { readable: new PassThrough(), cancelled: false };
    const rig = new PoolRig({
      'A.waits': async function* () {
        const { signal } = FlameCall.current()!;
        yield 1;
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            reject(signal.reason);
          }),
        );
      },
      'A.quiet': async () => quiet.readable,
      'A.web': async () => new ReadableStream({ cancel: () => void (quiet.cancelled = true) }),
    });
    const waits = (await rig.call('A.waits')) as AsyncGenerator<number>;
    await waits.next();
    const pending = waits.next();
    await settle();
    await waits.return(undefined);
    expect(await pending).toEqual({ done: true, value: undefined });
    const readable = (await rig.call('A.quiet')) as Readable;
    readable.read();
    const reader = ((await rig.call('A.web')) as ReadableStream).getReader();
    void reader.read();
    await settle();
    readable.destroy();
    await reader.cancel();
    await settle();
    expect(reason).toMatchObject({ code: 'FLAME_CANCELLED' });
    expect(quiet.readable.destroyed).toBe(true);
    expect(quiet.cancelled).toBe(true);
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('close a source that was never read when the consumer closes it', async () => {
    const readable = new PassThrough();
    const rig = new PoolRig({ 'A.readable': async () => readable });
    ((await rig.call('A.readable')) as Readable).destroy();
    await settle();
    expect(readable.destroyed).toBe(true);
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('taint the runner if the handler ignores that its consumer stopped', async () => {
    const rig = new PoolRig({
      'A.deaf': async function* () {
        yield 1;
        await new Promise(() => {});
      },
    });
    const rows = (await rig.call('A.deaf', [], { linked: false })) as AsyncGenerator<number>;
    await rows.next();
    void rows.next();
    await settle();
    await rows.return(undefined);
    await settle();
    expect(rig.pool.stats().runners.map(({ state }) => state)).toEqual(['ready']);
    await rig.clock.advance(3_000);
    expect(rig.pool.stats().runners).toEqual([]);
    await rig.pool.drain();
  });

  it('count against the timeout of their call, and fail with its error', async () => {
    const one = source();
    const rig = new PoolRig({ 'A.rows': () => one.open() });
    const rows = (await rig.call('A.rows', [], { handlerTimeout: 100 })) as AsyncGenerator<number>;
    await rows.next();
    await rig.clock.advance(100);
    expect(await rejection(collect(rows))).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
    expect(await collect(rows)).toEqual([]);
    await settle();
    expect(one.cleaned).toBe(true);
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
    expect(rig.clock.pending).toBe(0);
  });

  it('fail with their caller’s signal, and release it at their end', async () => {
    const one = source();
    const rig = new PoolRig({ 'A.rows': () => one.open(), 'A.few': () => source(3).open() });
    const caller = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = caller.signal;
    caller.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners += 1;
      addEventListener.apply(caller.signal, args);
    };
    caller.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners -= 1;
      removeEventListener.apply(caller.signal, args);
    };
    await collect((await rig.call('A.few', [], { signal: caller.signal })) as AsyncIterable<number>);
    await settle();
    expect(listeners).toBe(0);
    const rows = (await rig.call('A.rows', [], { signal: caller.signal })) as AsyncGenerator<number>;
    await rows.next();
    caller.abort(new Error('the user left'));
    const error = (await rejection(collect(rows))) as FlameError;
    expect(error).toMatchObject({ code: 'FLAME_CANCELLED' });
    expect(error.message).toContain('the user left');
    await settle();
    expect(one.cleaned).toBe(true);
    expect(listeners).toBe(0);
    await rig.pool.drain();
  });

  it('fail when the runner is lost', async () => {
    const rig = new PoolRig({ 'A.rows': () => source().open() });
    const rows = (await rig.call('A.rows')) as AsyncGenerator<number>;
    await rows.next();
    const reading = rejection(
      (async () => {
        for (;;) {
          await rows.next();
          await settle(1);
        }
      })(),
    );
    await rig.attachServer.close();
    await rig.clock.advance(3_000);
    const error = (await reading) as FlameError;
    expect(error).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
    expect(error.message).toContain('A.rows was lost with runner p-test-1');
    await rig.pool.drain();
  });

  it('are closed if their caller stopped waiting before they were returned', async () => {
    const one = source();
    let answer: (rows: unknown) => void = () => {};
    const rig = new PoolRig({ 'A.rows': () => new Promise((resolve) => (answer = resolve)) });
    const caller = new AbortController();
    const call = rejection(rig.call('A.rows', [], { signal: caller.signal, linked: false }));
    await settle();
    caller.abort();
    await call;
    answer(one.open());
    await settle(10);
    expect(one.produced).toBe(0);
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('end when the runner stops and they exceed their time', async () => {
    const one = source();
    const rig = new PoolRig({ 'A.rows': () => one.open() }, { shutdownTimeout: 1_000 });
    const rows = (await rig.call('A.rows')) as AsyncGenerator<number>;
    await rows.next();
    const drained = rig.pool.drain();
    await settle();
    expect((await rows.next()).value).toBe(2);
    await rig.clock.advance(1_000);
    expect(await rejection(collect(rows))).toMatchObject({ code: 'FLAME_CANCELLED' });
    await rig.clock.advance(5_000);
    await drained;
    expect(one.cleaned).toBe(true);
  });

  it('fail when items are produced faster than the buffer allows, with the handler and the fix', async () => {
    let unsubscribed = false;
    const pushed = new Subject<Buffer>();
    const rig = new PoolRig({
      'A.ticks': () =>
        new Observable((subscriber) => {
          const subscription = pushed.subscribe(subscriber);
          return () => {
            unsubscribed = true;
            subscription.unsubscribe();
          };
        }),
      'A.endless': () => range(0, Infinity),
    });
    const ticks = (await rig.call('A.ticks')) as Observable<Buffer>;
    let seen = 0;
    const failed = new Promise((resolve) => ticks.subscribe({ next: () => seen++, error: resolve }));
    await settle();
    for (let i = 0; i < 40 && !unsubscribed; i++) pushed.next(Buffer.alloc(1 << 20));
    const error = (await failed) as FlameError;
    expect(error).toMatchObject({ code: 'FLAME_REFUSED', ran: 'maybe' });
    expect(error.message).toMatch(/the Observable in the result of A\.ticks .* cannot be slowed down.*AsyncIterable/);
    expect(unsubscribed).toBe(true);
    const endless = (await rig.call('A.endless')) as Observable<number>;
    expect(await rejection(lastValueFrom(endless))).toMatchObject({ code: 'FLAME_REFUSED' });
    await settle();
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('are part of their call: FlameCall.current() is available while they run', async () => {
    const rig = new PoolRig({
      'A.rows': async function* () {
        yield FlameCall.current()?.id;
        await settle(1);
        yield FlameCall.current()?.id;
      },
      'A.ticks': async () => {
        await settle(1);
        return new Observable((subscriber) => {
          subscriber.next(FlameCall.current()?.id);
          setImmediate(() => {
            subscriber.next(FlameCall.current()?.id);
            subscriber.complete();
          });
        });
      },
      'A.readable': async () =>
        new Readable({
          objectMode: true,
          read() {
            this.push({ id: FlameCall.current()?.id });
            this.push(null);
          },
        }),
    });
    expect(await collect((await rig.call('A.rows')) as AsyncIterable<number>)).toEqual([1, 1]);
    expect(await lastValueFrom(((await rig.call('A.ticks')) as Observable<number>).pipe(toArray()))).toEqual([2, 2]);
    expect(await collect((await rig.call('A.readable')) as Readable)).toEqual([{ id: 3 }]);
    await rig.pool.drain();
  });

  it('of a cast are refused, and closed', async () => {
    const readable = new PassThrough();
    const rig = new PoolRig({ 'A.readable': async () => readable });
    await rig.cast('A.readable');
    await settle();
    expect(rig.castErrors).toMatchObject([{ handler: 'A.readable', error: { code: 'FLAME_ENCODING' } }]);
    expect(readable.destroyed).toBe(true);
    await rig.pool.drain();
  });

  it('are closed if the rest of their result cannot be encoded', async () => {
    const readable = new PassThrough();
    const rig = new PoolRig({ 'A.mixed': async () => ({ readable, on: () => 1 }) });
    expect(await rejection(rig.call('A.mixed'))).toMatchObject({ code: 'FLAME_ENCODING' });
    expect(readable.destroyed).toBe(true);
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('begin at once if their caller has announced that it reads them', async () => {
    const one = source();
    const rig = new PoolRig({ 'A.rows': () => one.open() });
    const rows = (await rig.call('A.rows', [], { reads: true })) as AsyncGenerator<number>;
    await settle();
    expect(one.produced).toBe(windowItems);
    for (let i = 1; i < 100; i++) expect((await rows.next()).value).toBe(i);
    await rows.return(undefined);
    await rig.pool.drain();
  });
});
