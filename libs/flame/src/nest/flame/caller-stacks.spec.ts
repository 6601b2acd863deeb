import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { lastValueFrom, Observable } from 'rxjs';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { Regions } from '../../../../../test/support/regions.js';
import { $inline, $method, inlineFunctions, inlineMethods } from '../../inline/index.js';
import { OnRegion } from '../../rpc/on-region.decorator.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameFaults, FlameTestingModule } from '../../testing/index.js';
import type { FlameCallOptions } from './call-options.js';
import { Flame } from './flame.service.js';
import type { FlameMapOptions } from './map-options.js';
import type { FlamePool } from './flame-pool.js';
import type { FlamePoolOptions } from '../module/flame-options.js';
import { getPoolToken } from '../decorator/inject-pool.decorator.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

// Other files of this process would find them in their apps.
afterAll(() => {
  (inlineFunctions as Map<string, unknown>).clear();
  (inlineMethods as Map<symbol, unknown>).clear();
});

@Injectable()
class Photos {
  constructor(readonly flame: Flame) {}

  @OnFlame('photos')
  async resize(_photo?: unknown): Promise<string> {
    return 'resized';
  }

  @OnFlame('photos', { handlerTimeout: 20 })
  async slowly(): Promise<never> {
    return forever();
  }

  @OnFlame('photos')
  async untilAborted(): Promise<never> {
    return forever();
  }

  // What the compile step writes for `flame.call` and `flame.map` with `async () => forever()`.
  [$method('Photos.inline/1', 'inline-1', [])](): Promise<never> {
    return forever();
  }

  inline(options?: FlameCallOptions): Promise<never> {
    return this.flame.call(
      'photos',
      $inline(
        async () => forever(),
        'Photos.inline/1',
        () => [this],
        undefined,
        'inline-1',
      ),
      options,
    );
  }

  [$method('Photos.each/1', 'inline-2', [])](item: unknown): Promise<unknown> {
    return this.one(item);
  }

  /** An item that is a promise makes flame.map wait for it. */
  each(items: Iterable<unknown>, options: FlameMapOptions = {}): AsyncIterable<unknown> {
    return this.flame.map(
      'photos',
      items,
      $inline(
        async (item: unknown) => this.one(item),
        'Photos.each/1',
        () => [this],
        undefined,
        'inline-2',
      ),
      { ...options, settle: false },
    );
  }

  async one(item: unknown): Promise<unknown> {
    if (item === 'broken') throw new RangeError('no such photo');
    return item === 'stay' ? forever() : item;
  }

  @OnFlame('photos')
  async eachInside(): Promise<string> {
    const read = async (): Promise<void> => {
      for await (const _ of this.each(['stay'], { timeout: 20 }));
    };
    return stackOf(async function readPhotos() {
      await read();
    });
  }

  @OnFlame('photos', { retry: { attempts: 2 } })
  async again(_photo?: unknown): Promise<void> {}

  @OnFlame('photos')
  async broken(): Promise<never> {
    throw new RangeError('no such photo');
  }

  @OnFlame('photos', { handlerTimeout: 200 })
  async *frames(): AsyncGenerator<number> {
    yield 1;
    await forever();
  }

  @OnFlame('photos')
  watch(): Observable<number> {
    return new Observable((subscriber) => void delay(10).then(() => subscriber.next(Symbol('uncrossable') as never)));
  }

  @OnFlame('photos')
  async nested(): Promise<string> {
    const call = async function callInPlace(flame: Flame): Promise<unknown> {
      return await flame.on('photos', Photos, { timeout: 20 }).untilAborted();
    };
    return call(this.flame).then(
      () => '',
      (error: Error) => error.stack!,
    );
  }
}

class Camera {
  async shoot(): Promise<never> {
    return forever();
  }
}

async function forever(): Promise<never> {
  const { signal } = FlameCall.current()!;
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}

interface Rig {
  readonly photos: Photos;
  readonly flame: Flame;
  readonly faults: FlameFaults;
  readonly pool: FlamePool;
}

async function start(pool: Partial<FlamePoolOptions> = {}): Promise<Rig> {
  const app = await Test.createTestingModule({
    imports: [FlameTestingModule.forRoot([{ name: 'photos', max: 1, ...pool }], { handlers: [Camera] })],
    providers: [Photos, Camera],
  })
    .setLogger({ log() {}, warn() {}, error() {} })
    .compile();
  onTestFinished(() => app.close());
  await app.init();
  return { photos: app.get(Photos), flame: app.get(Flame), faults: app.get(FlameFaults), pool: app.get<FlamePool>(getPoolToken('photos')) };
}

/** The stack of what `caller` fails with. */
async function stackOf(caller: () => Promise<unknown>): Promise<string> {
  try {
    await caller();
  } catch (error) {
    return (error as Error).stack!;
  }
  throw new Error('it succeeded');
}

/** As many calls as no pool takes the stacks of. */
const many = 100;

/** Once as a call whose stack was taken when it was made, once as one of many, which is found by who awaits it. */
const modes = [
  ['one call', (caller: () => Promise<unknown>) => stackOf(caller)],
  [
    'one call of many',
    async (caller: () => Promise<unknown>) => (await Promise.all(Array.from({ length: many }, () => stackOf(caller)))).at(-1)!,
  ],
] as const;

describe.each(modes)('the stack of an error of %s', (_, stack) => {
  it('has the line of its caller: the handler timed out', async () => {
    const { photos } = await start();
    const found = await stack(async function resizePhoto() {
      await photos.slowly();
    });
    expect(found).toMatch(/^FlameError: Photos\.slowly timed out after/);
    expect(found).toMatch(/at (async )?resizePhoto .*caller-stacks\.spec/);
  });

  it('has the line of its caller: the wait timed out', async () => {
    const { photos, flame } = await start({ maxConcurrency: 1 });
    const held = new AbortController();
    const holding = stackOf(() => flame.on('photos', Photos, { signal: held.signal }).untilAborted());
    const found = await stack(async function resizePhoto() {
      await flame.on('photos', Photos, { timeout: 20 }).resize();
    });
    expect(found).toMatch(/timed out after .* (waiting|booting)[^]*at (async )?resizePhoto .*caller-stacks\.spec/);
    held.abort();
    await holding;
    expect(await photos.resize()).toBe('resized');
  });

  it('has the line of its caller: its signal aborted', async () => {
    const { flame } = await start();
    const found = await stack(async function resizePhoto() {
      await flame.on('photos', Photos, { signal: AbortSignal.timeout(20) }).untilAborted();
    });
    expect(found).toMatch(/was cancelled[^]*at (async )?resizePhoto .*caller-stacks\.spec/);
  });

  it('has the line of its caller: its signal was already aborted', async () => {
    const { flame } = await start();
    const found = await stack(async function resizePhoto() {
      await flame.on('photos', Photos, { signal: AbortSignal.abort() }).resize();
    });
    expect(found).toMatch(/was not started[^]*at (async )?resizePhoto .*caller-stacks\.spec/);
  });

  it('has the line of its caller: the runner was lost', async () => {
    const { photos, faults } = await start();
    await photos.resize();
    const losing = stack(async function resizePhoto() {
      await photos.untilAborted();
    });
    faults.dropRunner();
    expect(await losing).toMatch(/was lost[^]*at (async )?resizePhoto .*caller-stacks\.spec/);
  });

  it('has the line of its caller: no runner can be booted', async () => {
    const { photos, faults } = await start();
    faults.refuseBoot('no image', { fatal: true });
    const found = await stack(async function resizePhoto() {
      await photos.resize();
    });
    expect(found).toMatch(/no image[^]*at (async )?resizePhoto .*caller-stacks\.spec/);
  });

  it('has the line of its caller: the pool accepts no calls', async () => {
    const { photos, pool } = await start();
    await pool.drain();
    const found = await stack(async function resizePhoto() {
      await photos.again();
    });
    expect(found).toMatch(/was refused[^]*at (async )?resizePhoto .*caller-stacks\.spec/);
  });

  it('has the line of its caller: an argument cannot be encoded', async () => {
    const { photos } = await start();
    const found = await stack(async function resizePhoto() {
      await photos.again(() => 'uncrossable');
    });
    expect(found).toMatch(/cannot cross[^]*at (async )?resizePhoto .*caller-stacks\.spec/);
  });

  it('has the line of its caller: a method of a child', async () => {
    const { flame } = await start();
    await using camera = await flame.placeChild('photos', Camera, undefined);
    const found = await stack(async function shootPhoto() {
      await camera.with({ timeout: 20 }).shoot();
    });
    expect(found).toMatch(/Camera\.shoot timed out[^]*at (async )?shootPhoto .*caller-stacks\.spec/);
  });

  it('has the line of its caller: a child is placed', async () => {
    const { flame, pool } = await start();
    await pool.drain();
    const found = await stack(async function placeCamera() {
      await flame.placeChild('photos', Camera, undefined);
    });
    expect(found).toMatch(/was refused[^]*at (async )?placeCamera .*caller-stacks\.spec/);
  });

  it('has the line of its reader: a stream fails', async () => {
    const { photos } = await start({ maxConcurrency: many });
    const found = await stack(async function readFrames() {
      for await (const _frame of photos.frames());
    });
    expect(found).toMatch(/Photos\.frames timed out[^]*at (async )?readFrames .*caller-stacks\.spec/);
  });

  it('has the line of the caller of an inline function: the time is up', async () => {
    const { photos } = await start();
    const found = await stack(async function resizePhoto() {
      await photos.inline({ timeout: 20 });
    });
    expect(found).toMatch(/^FlameError: Photos\.inline\/1 timed out[^]*at (async )?resizePhoto .*caller-stacks\.spec/);
  });

  it('has the line of the caller of an inline function: the runner was lost', async () => {
    const { photos, faults } = await start();
    await photos.resize();
    const losing = stack(async function resizePhoto() {
      await photos.inline();
    });
    faults.dropRunner();
    expect(await losing).toMatch(/Photos\.inline\/1 was lost[^]*at (async )?resizePhoto .*caller-stacks\.spec/);
  });

  it.each([
    ['items that are there', ['stay']],
    ['items to wait for', ['go', delay(5).then(() => 'stay')]],
  ])('has the line of the caller of flame.map: the time is up, %s', async (_, items) => {
    const { photos } = await start();
    const found = await stack(async function readPhotos() {
      for await (const _photo of photos.each(items, { timeout: 20 }));
    });
    expect(found).toMatch(/^FlameError: Photos\.each\/1 timed out[^]*at (async )?readPhotos .*caller-stacks\.spec/);
  });

  it('has the line of the caller of flame.map: the runner was lost', async () => {
    const { photos, faults } = await start();
    await photos.resize();
    const losing = stack(async function readPhotos() {
      for await (const _photo of photos.each(['stay']));
    });
    faults.dropRunner();
    expect(await losing).toMatch(/Photos\.each\/1 was lost[^]*at (async )?readPhotos .*caller-stacks\.spec/);
  });

  it('has the line of the caller of flame.map: its signal aborted', async () => {
    const { photos } = await start();
    const found = await stack(async function readPhotos() {
      for await (const _photo of photos.each(['stay'], { signal: AbortSignal.timeout(20) }));
    });
    expect(found).toMatch(
      /^FlameError: flame\.map\('photos', Photos\.each\/1\) was cancelled[^]*at (async )?readPhotos .*caller-stacks\.spec/,
    );
  });

  it("has the line of the caller of flame.map after the runner's lines of the function's error", async () => {
    const { photos } = await start();
    const found = await stack(async function readPhotos() {
      for await (const _photo of photos.each(['broken']));
    });
    expect(found).toMatch(
      /^RangeError: no such photo\n +at .*Photos\.one .*\n[^]* at runner .*\n[^]*at (async )?readPhotos .*caller-stacks\.spec/,
    );
    expect(found.match(/readPhotos/g)).toHaveLength(1);
  });

  it('has the line of the caller of flame.map in a handler', async () => {
    const { photos } = await start();
    expect(await photos.eachInside()).toMatch(/Photos\.each\/1 timed out[^]*at (async )?read .*caller-stacks\.spec/);
  });

  it('has the line of its caller in a handler', async () => {
    const { photos } = await start();
    expect(await photos.nested()).toMatch(/timed out[^]*at (async )?callInPlace .*caller-stacks\.spec/);
  });

  it("keeps the runner's lines of a handler's error", async () => {
    const { photos } = await start();
    const found = await stack(async function resizePhoto() {
      await photos.broken();
    });
    expect(found).toMatch(
      /^RangeError: no such photo\n +at .*Photos\.broken .*\n[^]* at runner .*\n[^]*at (async )?resizePhoto .*caller-stacks\.spec/,
    );
    expect(found.match(/resizePhoto/g)).toHaveLength(1);
  });
});

describe('the stack of an error', () => {
  it('has the line of a caller that returns the promise', async () => {
    const { photos } = await start();
    const found = await stackOf(function giveOn() {
      return photos.slowly();
    });
    expect(found).toMatch(/timed out[^]*at giveOn .*caller-stacks\.spec/);
  });

  it('has the line of the subscriber', async () => {
    const { photos } = await start();
    const found = await stackOf(function subscribe() {
      return lastValueFrom(photos.watch());
    });
    expect(found).toMatch(/cannot cross[^]*at subscribe .*caller-stacks\.spec/);
  });

  it('has the line of a caller whose request is followed, and whose call is traced or retried', async () => {
    const { flame } = await start();
    const calls = Array.from({ length: many }, () =>
      stackOf(async function resizePhoto() {
        await flame.on('photos', Photos, { signal: new AbortController().signal, timeout: 20 }).untilAborted();
      }),
    );
    for (const found of await Promise.all(calls)) expect(found).toMatch(/timed out[^]*at (async )?resizePhoto .*caller-stacks\.spec/);
  });

  it('has the line of the caller of another region, and of this one', async () => {
    @Injectable()
    class Notes {
      @OnRegion('syd', { timeout: 50 })
      async write(): Promise<never> {
        return forever();
      }
    }
    const regions = new Regions();
    const [syd, hkg] = [await regions.start('syd', { providers: [Notes] }), await regions.start('hkg', { providers: [Notes] })];
    await Promise.all([regions.see(syd, 2), regions.see(hkg, 2)]);
    for (const notes of [syd.get(Notes), hkg.get(Notes)]) {
      const found = await stackOf(async function writeNote() {
        await notes.write();
      });
      expect(found).toMatch(/timed out[^]*at (async )?writeNote .*caller-stacks\.spec/);
    }
  });
});
