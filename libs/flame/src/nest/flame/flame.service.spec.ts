import { Injectable } from '@nestjs/common';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { startApp } from '../../../../../test/support/nest-app.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameModule } from '../module/flame.module.js';
import type { FlameModuleOptions } from '../module/flame-options.js';
import { Flame } from './flame.service.js';
import type { FlameApi, FlameCasts } from './flame-api.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

@Injectable()
class Service {
  readonly seen: string[] = [];

  @OnFlame('one', { handlerTimeout: 5_000 })
  async where(): Promise<string> {
    return FlameCall.current()?.pool ?? 'here';
  }

  async undecorated(a: number, b: number): Promise<number> {
    return FlameCall.current() ? a + b : NaN;
  }

  @OnFlame('one')
  untilAborted(): Promise<never> {
    const { signal } = FlameCall.current()!;
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  }

  @OnFlame('one')
  async fail(message: string): Promise<void> {
    throw new RangeError(message);
  }

  @OnFlame('one', { cast: true })
  async thrownAway(message: string): Promise<void> {
    throw new RangeError(message);
  }

  sync(): number {
    return 1;
  }
}

async function start(options: FlameModuleOptions = {}): Promise<{ flame: Flame; service: Service }> {
  const pools = [
    { name: 'one', max: 1 },
    { name: 'two', max: 1 },
  ];
  const app = await startApp({ imports: [FlameModule.forRoot(pools, options)], providers: [Service] });
  return { flame: app.get(Flame), service: app.get(Service) };
}

describe('Flame', () => {
  it('runs a method in the given pool, whatever its decorator says', async () => {
    const { flame } = await start();
    expect(await flame.on('two', Service).where()).toBe('two');
    expect(await flame.on('one', Service).where()).toBe('one');
  });

  it('reaches the undecorated methods of a class that has a decorated one', async () => {
    const { flame } = await start();
    expect(await flame.on('two', Service).undecorated(1, 2)).toBe(3);
  });

  it('applies timeout to the whole call', async () => {
    const { flame } = await start();
    await expect(flame.on('two', Service, { timeout: 30 }).untilAborted()).rejects.toMatchObject({ code: 'FLAME_TIMEOUT' });
  });

  it('ends a call when its signal aborts', async () => {
    const { flame } = await start();
    const controller = new AbortController();
    const call = flame.on('two', Service, { signal: controller.signal }).untilAborted();
    controller.abort(new Error('enough'));
    await expect(call).rejects.toMatchObject({ code: 'FLAME_CANCELLED' });
  });

  it('casts: resolves when a runner accepts the work, and passes a later error to onCastError', async () => {
    const failed = vi.fn<(error: unknown, handler: string) => void>();
    const { flame, service } = await start({ onCastError: failed });
    expect(await flame.cast('two', Service).fail('cast')).toBeUndefined();
    expect(await service.thrownAway('decorated')).toBeUndefined();
    await vi.waitFor(() => expect(failed).toHaveBeenCalledTimes(2));
    expect(failed.mock.calls.map(([error, handler]) => [(error as Error).message, error instanceof RangeError, handler])).toEqual([
      ['cast', true, 'Service.fail'],
      ['decorated', true, 'Service.thrownAway'],
    ]);
  });

  it('runs in place inside a handler, casts included', async () => {
    const failed = vi.fn<(error: unknown, handler: string) => void>();
    @Injectable()
    class Outer {
      constructor(private readonly flame: Flame) {}

      @OnFlame('one')
      async run(): Promise<string> {
        await this.flame.cast('two', Service).fail('in place');
        return this.flame.on('two', Service).where();
      }
    }
    const pools = ['one', 'two'].map((name) => ({ name, max: 1, maxConcurrency: 1 }));
    const app = await startApp({ imports: [FlameModule.forRoot(pools, { onCastError: failed })], providers: [Service, Outer] });
    expect(await app.get(Outer).run()).toBe('one');
    expect(failed).toHaveBeenCalledWith(expect.any(RangeError), 'Service.fail');
  });

  it('refuses an unknown pool, a bad option, and an unreachable method', async () => {
    const { flame } = await start();
    class Unknown {}
    expect(() => flame.on('three', Service)).toThrow(
      /flame\.on\('three', Service\) names the pool "three", which does not exist.*"one", "two"/,
    );
    expect(() => flame.on('one', Service, { timeout: 0 })).toThrow(/flame\.on\('one', Service\) options\.timeout must be a time/);
    expect(() => flame.on('one', Service, { signal: 'x' as never })).toThrow(/options\.signal must be an AbortSignal/);
    expect(() => flame.on('one', Service, { retry: { attempts: 0 } })).toThrow(/options\.retry\.attempts must be/);
    expect(() => flame.on('one', Service, { idempotent: 'yes' as never })).toThrow(/options\.idempotent must be/);
    expect(() => flame.cast('one', Service, { trackResources: 1 as never })).toThrow(/options\.trackResources must be/);
    const placing = flame.placeChild('one', Service, undefined, { retry: { attempts: 2 } } as never);
    await expect(placing).rejects.toThrow(/retry/);
    expect(() => flame.cast('one', Unknown)).toThrow(/flame\.cast\('one', Unknown\): Unknown cannot be reached on runners/);
    expect(() => (flame.on('one', Service) as { nope?: unknown }).nope).toThrow(
      /flame\.on\('one', Service\)\.nope cannot be reached on runners.*undecorated.*where/,
    );
    expect(() => flame.pool('three')).toThrow(FlameError);
  });

  it('returns an object that can be awaited and printed', async () => {
    const { flame } = await start();
    const api = flame.on('one', Service);
    expect(await api).toBe(api);
    expect(`${Object.prototype.toString.call(api)} ${JSON.stringify(api)}`).toBe('[object Object] {}');
  });

  it('returns pools by name', async () => {
    const { flame } = await start();
    expect(flame.pool('two').stats()).toMatchObject({ name: 'two', max: 1 });
  });

  it('types only the asynchronous methods', () => {
    expectTypeOf<keyof FlameApi<Service>>().toEqualTypeOf<'where' | 'undecorated' | 'untilAborted' | 'fail' | 'thrownAway'>();
    expectTypeOf<FlameApi<Service>['undecorated']>().toEqualTypeOf<(a: number, b: number) => Promise<number>>();
    expectTypeOf<FlameCasts<Service>['undecorated']>().toEqualTypeOf<(a: number, b: number) => Promise<void>>();
  });
});
