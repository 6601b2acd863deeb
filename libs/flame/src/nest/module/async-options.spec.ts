import { Inject, Injectable, Module } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { startApp } from '../../../../../test/support/nest-app.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameModule } from './flame.module.js';
import type { FlameAsyncResult, FlameOptionsFactory } from './flame.module.js';
import { FlamePool } from '../flame/flame-pool.js';
import { getPoolToken, InjectPool } from '../decorator/inject-pool.decorator.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

@Injectable()
class Service {
  @OnFlame('work')
  async where(): Promise<string> {
    return FlameCall.current()!.pool;
  }
}

describe('FlameModule.forRootAsync', () => {
  const max = { provide: 'max', useFactory: async () => 3 };
  @Module({ providers: [max], exports: ['max'] })
  class ConfigModule {}

  @Injectable()
  class Holder {
    constructor(@InjectPool('work') readonly pool: FlamePool) {}
  }

  function start(names: string[], result: (max: number) => FlameAsyncResult): ReturnType<typeof startApp> {
    return startApp({
      imports: [
        FlameModule.forRootAsync({ names, imports: [ConfigModule], inject: ['max'], useFactory: async (given: number) => result(given) }),
      ],
      providers: [Service, Holder],
    });
  }

  it('gets its pools from a factory with dependencies', async () => {
    const app = await start(['work'], (given) => [{ name: 'work', max: given }]);
    expect(await app.get(Service).where()).toBe('work');
    expect(app.get(Holder).pool.stats().max).toBe(3);
  });

  it('gets options for all pools beside them', async () => {
    const app = await start(['work'], (given) => ({ pools: [{ name: 'work', max: given }], maxPayload: 1 }));
    await expect(app.get(Service).where()).rejects.toMatchObject({ code: 'FLAME_ENCODING' });
  });

  it('provides its pools to modules that import it', async () => {
    @Module({ providers: [Service, max], exports: ['max', Service] })
    class Config {}
    const app = await startApp({
      imports: [
        FlameModule.forRootAsync({ names: ['work'], imports: [Config], inject: ['max'], useFactory: () => [{ name: 'work', max: 1 }] }),
      ],
    });
    expect(await app.get(Service).where()).toBe('work');
  });

  it('refuses names without pools, pools without names, and bad options', async () => {
    await expect(start(['work', 'more'], () => [{ name: 'work', max: 1 }])).rejects.toThrow(
      /forRootAsync names has "more", but useFactory returns no such pool/,
    );
    await expect(
      start(['work'], () => [
        { name: 'work', max: 1 },
        { name: 'more', max: 1 },
      ]),
    ).rejects.toThrow(/forRootAsync names lacks "more", a pool that useFactory returns/);
    await expect(start(['work'], () => [{ name: 'work', max: 0 }])).rejects.toThrow(/forRootAsync useFactory\(\) pools\[0\]\.max must be/);
    await expect(start(['work'], () => undefined as never)).rejects.toThrow(/forRootAsync useFactory\(\)/);
  });

  @Injectable()
  class Pools implements FlameOptionsFactory {
    constructor(@Inject('max') readonly max: number) {}

    async createFlameOptions(): Promise<FlameAsyncResult> {
      return { pools: [{ name: 'work', max: this.max }] };
    }
  }

  it('gets its options from a class that it instantiates', async () => {
    const pools = FlameModule.forRootAsync({ names: ['work'], imports: [ConfigModule], useClass: Pools });
    const app = await startApp({ imports: [pools], providers: [Service, Holder] });
    expect(await app.get(Service).where()).toBe('work');
    expect(app.get(getPoolToken('work'))).toBe(app.get(Holder).pool);
    expect(app.get(Holder).pool.stats().max).toBe(3);
  });

  it('gets its options from an existing instance', async () => {
    let made = 0;
    @Injectable()
    class Counted extends Pools {
      constructor(@Inject('max') given: number) {
        super(given);
        made += 1;
      }
    }
    @Module({ imports: [ConfigModule], providers: [Counted, { provide: 'pools', useExisting: Counted }], exports: [Counted, 'pools'] })
    class PoolsModule {}
    for (const useExisting of [Counted, 'pools']) {
      const pools = FlameModule.forRootAsync({ names: ['work'], imports: [PoolsModule], useExisting });
      const app = await startApp({ imports: [pools], providers: [Service, Holder] });
      expect(app.get(Holder).pool.stats().max).toBe(3);
    }
    expect(made).toBe(2);
  });

  it('names the class and its method in errors', async () => {
    const start = (names: string[], source: object): Promise<unknown> =>
      startApp({ imports: [FlameModule.forRootAsync({ names, ...source })] });
    class Bad {
      createFlameOptions(): FlameAsyncResult {
        return [{ name: 'work', max: 0 }];
      }
    }
    await expect(start(['work'], { useClass: Bad })).rejects.toThrow(/forRootAsync useClass\.createFlameOptions\(\) pools\[0\]\.max must/);
    await expect(start(['more'], { useClass: Pools, imports: [ConfigModule] })).rejects.toThrow(
      'names has "more", but useClass.createFlameOptions returns no such pool',
    );
    await expect(start(['work'], { useClass: Service })).rejects.toThrow(
      'FlameModule.forRootAsync.useClass has no method createFlameOptions(), but is an object (Service)',
    );
  });

  it.each([
    [{}, 'FlameModule.forRootAsync has no useFactory, useClass, useExisting. Pass exactly one of them'],
    [{ useFactory: () => [], useClass: class {} }, 'has useFactory and useClass. Pass exactly one of them'],
    [{ useFactory: [] }, 'FlameModule.forRootAsync.useFactory must be a function'],
    [{ useClass: 'Pools' }, 'FlameModule.forRootAsync.useClass must be a function'],
    [{ useFactroy: () => [] }, 'FlameModule.forRootAsync.useFactroy is not an option'],
    [{ names: undefined, useFactory: () => [] }, 'FlameModule.forRootAsync.names is missing'],
    [{ names: 'work', useFactory: () => [] }, 'FlameModule.forRootAsync.names must be a list of strings'],
  ])('refuses %j', (options, message) => {
    expect(() => FlameModule.forRootAsync({ names: ['work'], ...options } as never)).toThrow(message);
  });
});
