import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { StreamService } from '../apps/src/conformance/stream.service.js';
import { collect } from '../support/collect.js';
import { rule } from '../support/conformance.js';
import { source } from '../support/counted-source.js';
import { until } from '../support/process-table.js';

rule('Arguments may be streams and signals', (start) => {
  it('passes the items of the caller’s stream to the handler', async () => {
    const { app, pool } = await start();
    const streams = app.get(StreamService);
    expect(await streams.sum(source(1_000).open())).toBe(500_500);
    const bytes = Buffer.alloc(3_000_000, 'flame');
    const file = Readable.from(slices(bytes), { objectMode: false });
    expect(await streams.hash(file)).toEqual({ size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    await until(() => pool.stats().running === 0);
  });

  it('reads the caller’s stream no further than the handler does, and closes it with the call', async () => {
    const { app } = await start();
    const one = source();
    expect(await app.get(StreamService).first(one.open())).toBe(1);
    await until(() => one.cleaned);
    expect(one.produced).toBeLessThanOrEqual(17);
  });

  it('streams through a handler that streams', async () => {
    const { app, pool } = await start();
    const one = source();
    const seen: number[] = [];
    for await (const number of app.get(StreamService).double(one.open())) {
      seen.push(number);
      if (seen.length === 500) break;
    }
    expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => 2 * i + 2));
    await until(() => one.cleaned && pool.stats().running === 0);
    expect(one.produced).toBeLessThanOrEqual(500 + 2 * 16);
  });

  it('passes the error of the caller’s stream to the handler', async () => {
    const { app } = await start();
    async function* breaks(): AsyncGenerator<number> {
      yield 1;
      throw new RangeError('torn');
    }
    const { seen, error } = await app.get(StreamService).caught(breaks());
    expect(seen).toEqual([1]);
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).toBe('torn');
  });

  it('aborts the handler’s signal with the caller’s, for the same reason', async () => {
    const { app, file, marked } = await start();
    const streams = app.get(StreamService);
    const log = file();
    const caller = new AbortController();
    const call = streams.until(log, { signal: caller.signal });
    await marked(log, 'begin');
    caller.abort(new RangeError('enough'));
    expect(await call).toMatchObject({ name: 'RangeError', message: 'enough' });
    expect(await streams.until(file(), { signal: AbortSignal.abort('before') })).toBe('before');
  });

  it('reads a stream that another handler returned', async () => {
    const { app } = await start();
    const streams = app.get(StreamService);
    expect(await collect(streams.double(streams.double(source(3).open())))).toEqual([4, 8, 12]);
  });
});

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 70_000) yield bytes.subarray(at, at + 70_000);
}
