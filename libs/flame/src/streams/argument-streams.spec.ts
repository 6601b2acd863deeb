import { PassThrough, Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import { lastValueFrom, range, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { collect } from '../../../../test/support/collect.js';
import { source } from '../../../../test/support/counted-source.js';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { rejection } from '../../../../test/support/rejection.js';
import { settle } from '../../../../test/support/virtual-clock.js';
import { windowItems } from './window.js';

const load = (rig: PoolRig): number => rig.pool.stats().running;

describe('Streams among the arguments', () => {
  it('arrive at the handler as the same kind', async () => {
    const rig = new PoolRig({
      'A.sum': async (numbers: AsyncIterable<number>, more: { ticks: Observable<number> }, web: ReadableStream<number>) => {
        let sum = 0;
        for await (const number of numbers) sum += number;
        for await (const number of web) sum += number;
        return sum + (await lastValueFrom(more.ticks.pipe(toArray()))).length;
      },
      'A.size': async (file: Readable) => {
        let size = 0;
        for await (const chunk of file) size += (chunk as Buffer).length;
        return { size, objectMode: file.readableObjectMode };
      },
    });
    expect(await rig.call('A.sum', [source(100).open(), { ticks: range(0, 30) }, ReadableStream.from([1_000])])).toBe(5050 + 30 + 1_000);
    const file = Readable.from([Buffer.alloc(70_000), Buffer.alloc(5)], { objectMode: false });
    expect(await rig.call('A.size', [file])).toEqual({ size: 70_005, objectMode: false });
    await rig.pool.drain();
    expect(rig.clock.pending).toBe(0);
  });

  it('are read only as far as the handler reads', async () => {
    const one = source();
    const rig = new PoolRig({
      'A.first': async (numbers: AsyncIterable<number>) => {
        for await (const number of numbers) if (number === 5) return number;
        return 0;
      },
    });
    expect(await rig.call('A.first', [one.open()])).toBe(5);
    await settle();
    expect(one.produced).toBeLessThanOrEqual(4 + windowItems);
    expect(one.cleaned).toBe(true);
    await rig.pool.drain();
  });

  it('can pass through a handler that streams', async () => {
    const one = source();
    const rig = new PoolRig({
      'A.double': async function* (numbers: AsyncIterable<number>) {
        for await (const number of numbers) yield number * 2;
      },
    });
    const doubled = (await rig.call('A.double', [one.open()])) as AsyncIterable<number>;
    const seen: number[] = [];
    for await (const number of doubled) {
      seen.push(number);
      if (seen.length === 1_000) break;
    }
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, i) => 2 * i + 2));
    await settle(10);
    expect(one.cleaned).toBe(true);
    expect(one.produced).toBeLessThanOrEqual(1_000 + 2 * windowItems);
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('end with their call; later reads fail', async () => {
    const one = source();
    let late: Promise<unknown> | undefined;
    const rig = new PoolRig({
      'A.leaves': async (numbers: AsyncGenerator<number>) => {
        await numbers.next();
        late = rejection(collect(numbers));
        return 'done';
      },
    });
    expect(await rig.call('A.leaves', [one.open()])).toBe('done');
    await settle();
    expect(await late).toMatchObject({ code: 'FLAME_CANCELLED' });
    expect(one.cleaned).toBe(true);
    await rig.pool.drain();
  });

  it('end, and fail for the handler, when the call’s time is up', async () => {
    const one = source();
    let failed: unknown;
    const rig = new PoolRig({
      'A.reads': async (numbers: AsyncGenerator<number>) => {
        try {
          for await (const _ of numbers) await settle(1);
        } catch (error) {
          failed = error;
          throw error;
        }
      },
    });
    const call = rejection(rig.call('A.reads', [one.open()], { handlerTimeout: 100 }));
    await rig.clock.advance(100);
    expect(await call).toMatchObject({ code: 'FLAME_TIMEOUT' });
    await settle(20);
    expect(failed).toMatchObject({ code: 'FLAME_TIMEOUT' });
    expect(one.cleaned).toBe(true);
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('pass the error of their source to the handler', async () => {
    const rig = new PoolRig({
      'A.reads': async (numbers: AsyncIterable<number>) => {
        const seen: number[] = [];
        try {
          for await (const number of numbers) seen.push(number);
        } catch (error) {
          return { seen, error };
        }
        return seen;
      },
    });
    async function* breaks(): AsyncGenerator<number> {
      yield 1;
      throw new TypeError('torn');
    }
    const { seen, error } = (await rig.call('A.reads', [breaks()])) as { seen: number[]; error: Error };
    expect(seen).toEqual([1]);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe('torn');
    await rig.pool.drain();
  });

  it('stay usable by the caller if the handler does not read them', async () => {
    const readable = new PassThrough();
    const rig = new PoolRig({ 'A.ignores': () => 'done' });
    expect(await rig.call('A.ignores', [readable])).toBe('done');
    await settle();
    expect(readable.destroyed).toBe(false);
    readable.end('still mine');
    expect(String(await collect(readable))).toBe('still mine');
    await rig.pool.drain();
  });

  it('that fail before they are read have no effect', async () => {
    const rig = new PoolRig({ 'A.reads': async (file: Readable) => collect(file) });
    const file = new Readable({ construct: (done) => void setImmediate(done, new Error('no such file')), read: (): void => {} });
    expect(await rejection(rig.call('A.reads', [file]))).toMatchObject({ message: 'no such file' });
    await rig.pool.drain();
  });

  it('are repeated with a lost call only if they have not been read', async () => {
    let runs = 0;
    const handlers = {
      'A.reads': async (numbers: AsyncIterable<number>, early: boolean) => {
        runs += 1;
        if (runs === 1 && !early) await rig.machines[0]!.stop(0);
        for await (const _ of numbers) if (runs === 1) await rig.machines[0]!.stop(0);
        return runs;
      },
    };
    let rig = new PoolRig(handlers);
    const again = rig.call('A.reads', [source(3).open(), false], { retry: { attempts: 2 }, idempotent: true });
    await rig.clock.advance(5_000);
    expect(await again).toBe(2);
    await rig.pool.drain();
    runs = 0;
    rig = new PoolRig(handlers);
    const lost = rejection(rig.call('A.reads', [source(3).open(), true], { retry: { attempts: 2 }, idempotent: true }));
    await rig.clock.advance(5_000);
    expect(await lost).toMatchObject({ code: 'FLAME_LOST' });
    expect(runs).toBe(1);
    await rig.pool.drain();
  });
});
