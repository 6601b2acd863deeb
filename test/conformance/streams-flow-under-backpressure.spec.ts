import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { lastValueFrom, Observable, toArray } from 'rxjs';
import { expect, it } from 'vitest';
import { StreamService } from '../apps/src/conformance/stream.service.js';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';
import { until } from '../support/process-table.js';
import { collect } from '../support/collect.js';

/** What a producer may be ahead of its reader, as `streams/window.ts` has it. */
const windowItems = 16;

rule('Streams flow under backpressure', (start) => {
  it('returns generators, Observables, Readables and web streams as the same kind', async () => {
    const { app, pool } = await start();
    const streams = app.get(StreamService);
    const ticks = streams.ticks('/dev/null', 1_000);
    expect(ticks).toBeInstanceOf(Observable);
    expect(await lastValueFrom(ticks.pipe(toArray()))).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
    const file = streams.download(5_000_000);
    expect(file).toBeInstanceOf(Readable);
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of file) {
      size += (chunk as Buffer).length;
      hash.update(chunk as Buffer);
    }
    expect(size).toBe(5_000_000);
    expect((await streams.hash(streams.download(5_000_000))).sha256).toBe(hash.digest('hex'));
    expect(await collect(streams.web(50))).toEqual(Array.from({ length: 50 }, (_, i) => i));
    await until(() => pool.stats().running === 0);
  });

  it('keeps the order of 10,000 items', async () => {
    const { app } = await start();
    const rows = await collect<Buffer>(app.get(StreamService).numbers(10_000));
    expect(Buffer.concat(rows).toString()).toBe(Array.from({ length: 10_000 }, (_, i) => `${i},`).join(''));
  });

  it('returns streams inside a result, and holds the slot until all have ended', async () => {
    const { app, pool } = await start();
    const { total, parts } = await app.get(StreamService).nested(100);
    expect(total).toBe(100);
    expect(await collect(parts[1]!)).toHaveLength(100);
    expect(pool.stats().running).toBe(1);
    expect(await collect(parts[0]!)).toHaveLength(100);
    await until(() => pool.stats().running === 0);
  });

  it('produces no more than the window when its reader stops', async () => {
    const { app, work, file, marks, marked } = await start();
    const log = file();
    const rows = app.get(StreamService).count(log, 1_000);
    for (let i = 1; i <= 20; i++) expect((await rows.next()).value).toBe(i);
    await marked(log, `made ${20 + windowItems / 2}`);
    // Whatever it would make it would have made by the time that other calls are answered.
    for (let i = 0; i < 5; i++) await work.pid();
    expect(marks(log).length).toBeLessThanOrEqual(20 + windowItems);
    expect((await rows.next()).value).toBe(21);
    await rows.return(undefined);
    await marked(log, 'cleaned');
  });

  it('runs many streams concurrently, each in its order', async () => {
    const { app } = await start({ max: 1, maxConcurrency: 20 });
    const streams = app.get(StreamService);
    const seen: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        let i = 0;
        for await (const row of streams.numbers(300)) {
          expect(String(row)).toBe(`${i++},`);
          seen.push(n);
        }
        expect(i).toBe(300);
      }),
    );
    // Each had begun long before any had ended.
    expect(new Set(seen.slice(0, seen.length / 2)).size).toBe(20);
  });

  it('fails an Observable that is far ahead of its reader, because it has no backpressure', async () => {
    const { app, file, marked } = await start();
    const log = file();
    const error = await failure(lastValueFrom(app.get(StreamService).flood(log)));
    expect(error).toMatchObject({ code: 'FLAME_REFUSED', ran: 'maybe' });
    expect(error.message).toContain('the Observable in the result of StreamService.flood');
    await marked(log, 'cleaned');
  });

  it('keeps FlameCall.current() while a generator runs', async () => {
    const { app } = await start();
    const ids = await collect(app.get(StreamService).inCall());
    expect(ids[0]).toBeTypeOf('number');
    expect(new Set(ids).size).toBe(1);
  });
});
