import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ClsModule, ClsService } from 'nestjs-cls';
import { FlameCall, FlameModule, LocalBackend, OnFlame } from 'nestjs-flame';
import { concat, NEVER, Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { requestContext } from '../../../../test/apps/src/conformance/request-context.js';
import { collect } from '../../../../test/support/collect.js';
import { failure } from '../../../../test/support/failure.js';
import { until } from '../../../../test/support/process-table.js';
import { Regions } from '../../../../test/support/regions.js';
import { OnRegion } from './on-region.decorator.js';
import { RegionRpc } from './region-rpc.service.js';

/** Streams of all kinds: two items, the region and `'on'`, and then nothing until the call's signal aborts, if `stay` says so. */
@Injectable()
class Feeds {
  readonly ended: string[] = [];

  constructor(readonly rpc: RegionRpc) {}

  @OnRegion('primary', { timeout: 400 })
  async *iterable(stay: boolean): AsyncGenerator<string> {
    try {
      yield* [this.rpc.myRegion, 'on'];
      const { signal } = FlameCall.current()!;
      if (stay) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    } finally {
      this.ended.push('iterable');
    }
  }

  @OnRegion('primary', { timeout: 400 })
  readable(stay: boolean): Readable {
    return Readable.from(this.#items(stay, 'readable'));
  }

  @OnRegion('primary', { timeout: 400 })
  web(stay: boolean): ReadableStream<string> {
    return ReadableStream.from(this.#items(stay, 'web')) as ReadableStream<string>;
  }

  @OnRegion('primary', { timeout: 400 })
  observable(stay: boolean): Observable<string> {
    const items = of(this.rpc.myRegion, 'on');
    return new Observable((subscriber) => {
      subscriber.add(() => this.ended.push('observable'));
      return (stay ? concat(items, NEVER) : items).subscribe(subscriber);
    });
  }

  @OnRegion('primary')
  async sum(numbers: AsyncIterable<number>): Promise<string> {
    return `${(await collect(numbers)).reduce((sum, n) => sum + n, 0)} in ${this.rpc.myRegion}`;
  }

  async *#items(stay: boolean, kind: string): AsyncGenerator<string> {
    const { signal } = FlameCall.current() ?? {};
    try {
      yield* [this.rpc.myRegion, 'on'];
      if (stay) await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    } finally {
      this.ended.push(kind);
    }
  }
}

const kinds = ['iterable', 'readable', 'web', 'observable'] as const;

function read(feeds: Feeds, kind: (typeof kinds)[number], stay: boolean): AsyncIterable<string> {
  const stream = feeds[kind](stay);
  return stream instanceof Observable ? itemsOf(stream) : stream;
}

async function* itemsOf<T>(source: Observable<T>): AsyncGenerator<T> {
  const items: T[] = [];
  let wake = (): void => {};
  let over: { error?: unknown } | undefined;
  const subscription = source.subscribe({
    next: (item) => {
      items.push(item);
      wake();
    },
    error: (error: unknown) => {
      over = { error };
      wake();
    },
    complete: () => {
      over = {};
      wake();
    },
  });
  try {
    for (;;) {
      while (items.length > 0) yield items.shift()!;
      if (over) {
        if ('error' in over) throw over.error;
        return;
      }
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    subscription.unsubscribe();
  }
}

/** The service in the primary region and in another one: what it streams comes from elsewhere there. */
async function feeds(): Promise<{ syd: Feeds; hkg: Feeds }> {
  const regions = new Regions();
  const [syd, hkg] = [await regions.start('syd', { providers: [Feeds] }), await regions.start('hkg', { providers: [Feeds] })];
  await Promise.all([regions.see(syd, 2), regions.see(hkg, 2)]);
  return { syd: syd.get(Feeds), hkg: hkg.get(Feeds) };
}

describe('OnRegion', () => {
  it('streams the same in this region as from another', async () => {
    const { syd, hkg } = await feeds();
    for (const service of [syd, hkg])
      for (const kind of kinds) expect([kind, await collect(read(service, kind, false))]).toEqual([kind, ['syd', 'on']]);
    expect(await hkg.sum(from([1, 2, 3]))).toBe('6 in syd');
    expect(await syd.sum(from([1, 2, 3]))).toBe('6 in syd');
  });

  it.each(kinds)('ends a stream at its timeout, in this region as from another: %s', async (kind) => {
    const { syd, hkg } = await feeds();
    for (const service of [syd, hkg]) {
      syd.ended.length = 0;
      const items: string[] = [];
      const error = await failure(
        (async () => {
          for await (const item of read(service, kind, true)) items.push(item);
        })(),
      );
      expect(items).toEqual(['syd', 'on']);
      expect(error).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
      await until(() => syd.ended.length === 1);
    }
  });

  it.each(kinds)('ends a stream when its reader stops, in this region as from another: %s', async (kind) => {
    const { syd, hkg } = await feeds();
    for (const service of [syd, hkg]) {
      syd.ended.length = 0;
      for await (const item of read(service, kind, true)) if (item === 'on') break;
      await until(() => syd.ended.length === 1);
    }
  });

  it('sends its caller’s context', async () => {
    @Injectable()
    class Invoices {
      constructor(
        private readonly rpc: RegionRpc,
        private readonly cls: ClsService,
      ) {}

      @OnRegion('primary')
      async mine(): Promise<string> {
        return `${this.cls.getId()} of ${this.cls.get('tenant')} in ${this.rpc.myRegion}`;
      }
    }
    const regions = new Regions();
    const shop = { imports: [ClsModule.forRoot({ global: true })], providers: [Invoices] };
    const syd = await regions.start('syd', shop, { context: requestContext });
    const hkg = await regions.start('hkg', shop, { context: requestContext });
    await regions.see(hkg, 2);
    for (const app of [syd, hkg]) {
      const cls = app.get(ClsService);
      const answer = cls.run(() => {
        cls.set('tenant', 'acme');
        return app
          .get(Invoices)
          .mine()
          .then((mine) => mine.replace(cls.getId(), 'the request'));
      });
      expect(await answer).toBe('the request of acme in syd');
    }
  });

  it('above OnFlame, goes to the region first, and there to that instance’s pool', async () => {
    @Injectable()
    class Videos {
      constructor(private readonly rpc: RegionRpc) {}

      @OnRegion('primary')
      @OnFlame('work')
      async encode(): Promise<string> {
        return `pool ${FlameCall.current()!.pool} of ${this.rpc.myRegion}`;
      }
    }
    const regions = new Regions();
    const made = (): object => ({
      imports: [FlameModule.forRoot([{ name: 'work', max: 1 }], { backend: new LocalBackend() })],
      providers: [Videos],
    });
    const syd = await regions.start('syd', made());
    const hkg = await regions.start('hkg', made());
    await regions.see(hkg, 2);
    for (const app of [hkg, syd]) expect(await app.get(Videos).encode()).toBe('pool work of syd');
  });
});

async function* from<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
