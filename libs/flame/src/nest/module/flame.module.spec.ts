import { Controller, Get, Injectable, Module, NotFoundException, Param } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleDestroy, OnModuleInit, Provider } from '@nestjs/common';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { logged, startApp } from '../../../../../test/support/nest-app.js';
import { FlameBackend } from '../../backends/backend.js';
import type { BackendContext, BootRequest, Machine } from '../../backends/backend.js';
import { BootError } from '../../core/errors/boot-error.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import type { FlameModuleOptions } from './flame-options.js';
import { FlameModule } from './flame.module.js';
import type { FlamePool } from '../flame/flame-pool.js';
import { getPoolToken } from '../decorator/inject-pool.decorator.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

/** A LocalBackend that tells what is done with it. */
class ToldBackend extends FlameBackend {
  readonly name = 'told';
  readonly reach = 'memory';

  constructor(readonly told: string[]) {
    super();
  }

  override async prepare({ underTest }: BackendContext): Promise<void> {
    this.told.push(`prepare ${underTest ? 'under test' : 'for real'}`);
  }

  override async boot(request: BootRequest): Promise<Machine> {
    this.told.push('boot');
    const machine = await request.inProcess();
    void machine.exited.then(() => this.told.push('gone'));
    return machine;
  }

  override async close(): Promise<void> {
    this.told.push('close');
  }
}

class BrokenBackend extends ToldBackend {
  override async boot(): Promise<Machine> {
    throw new BootError('told: no such image', { phase: 'create', fatal: true });
  }
}

@Injectable()
class Service {
  @OnFlame('work')
  async where(): Promise<string> {
    return FlameCall.current()?.pool ?? 'here';
  }
}

describe('FlameModule', () => {
  it('boots the min runners before the app counts as started, after its providers are initialised, and removes everything when it closes', async () => {
    const told: string[] = [];
    @Injectable()
    class Other implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
      constructor(private readonly service: Service) {}

      async onModuleInit(): Promise<void> {
        told.push('init');
      }

      async onModuleDestroy(): Promise<void> {
        const late = await failure(this.service.where());
        told.push(`destroy, a call is ${late.code}`);
      }

      onApplicationShutdown(): void {
        told.push('shutdown');
      }
    }
    const app = await startApp({
      imports: [FlameModule.forRoot([{ name: 'work', min: 1, max: 1 }], { backend: new ToldBackend(told) })],
      providers: [Service, Other],
    });
    expect(told).toEqual(['prepare under test', 'init', 'boot']);
    await app.close();
    expect(told.slice(3)).toEqual(['gone', 'destroy, a call is FLAME_REFUSED', 'shutdown', 'close']);
  });

  it('removes machines of dead parents while it starts', async () => {
    class Littered extends ToldBackend {
      override async reap(): Promise<number> {
        this.told.push('reap');
        return 2;
      }
    }
    const told: string[] = [];
    const app = await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 1 }], { backend: new Littered(told) })] });
    await app.close();
    expect(told).toEqual(['prepare under test', 'reap', 'close']);
    expect(logged).toContain('log Flame: told: removed 2 machines of dead parents');
  });

  it('starts although the platform does not answer the request for them', async () => {
    class Mute extends ToldBackend {
      override async reap(): Promise<number> {
        throw new Error('no answer');
      }
    }
    const app = await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 1 }], { backend: new Mute([]) })] });
    await app.close();
    expect(logged).toContain('warn Flame: told: looking for machines of dead parents failed: no answer');
  });

  it('logs its pools and handlers at start', async () => {
    const pools = [
      { name: 'work', max: 3 },
      { name: 'more', min: 1, max: 2, backend: new ToldBackend([]) },
    ];
    await startApp({ imports: [FlameModule.forRoot(pools)], providers: [Service] });
    expect(logged).toContain('log Flame: 1 handler; pools: work (local, 0 to 3), more (told, 1 to 2)');
  });

  it('distinguishes decorated handlers from methods that can only be called', async () => {
    class Plain {
      one(): void {}
      two(): void {}
    }
    await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 1 }], { handlers: [Plain] })], providers: [Service, Plain] });
    expect(logged).toContain('log Flame: handlers: 1 decorated, 2 callable; pools: work (local, 0 to 1)');
  });

  describe('pools without handlers', () => {
    const told = async (names: string[], providers: Provider[], options: FlameModuleOptions = {}): Promise<string[]> => {
      await startApp({
        imports: [
          FlameModule.forRoot(
            names.map((name) => ({ name, max: 1 })),
            options,
          ),
        ],
        providers,
      });
      return logged.filter((line) => line.includes('@OnFlame'));
    };

    it.each<[string, Provider[], RegExp]>([
      [
        'if other pools have handlers',
        [Service],
        /^log Flame: pool "more": no handler .* names it in @OnFlame\. Provide the class .* uses it\.$/,
      ],
      // No warning: such an app may place children.
      [
        'if there is no handler',
        [],
        /^log Flame: pools "work", "more": no handler .* names them in @OnFlame\. Provide the class .* uses them\.$/,
      ],
    ])('are named %s', async (_case, providers, line) => {
      expect(await told(['work', 'more'], providers)).toEqual([expect.stringMatching(line)]);
    });

    it('are not named if each pool has a handler, or classes may be called on any pool', async () => {
      class Plain {}
      expect(await told(['work'], [Service])).toEqual([]);
      expect(await told(['work', 'more'], [Plain], { handlers: [Plain] })).toEqual([]);
    });
  });

  it('warns of an idle time that was meant in seconds, unless runners are in this process', async () => {
    class FarBackend extends ToldBackend {
      override readonly reach = 'host' as never;
    }
    const told = async (backend: FlameBackend): Promise<string[]> => {
      await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 1, idleShutdownAfter: 30 }], { backend })] });
      return logged.filter((line) => line.includes('idleShutdownAfter'));
    };
    expect(await told(new FarBackend([]))).toEqual([
      expect.stringMatching(/^warn Flame: pool "work": idleShutdownAfter is 30 milliseconds/),
    ]);
    expect(await told(new ToldBackend([]))).toEqual([]);
  });

  it('warns of a queueTimeout below bootTimeout', async () => {
    await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 1, queueTimeout: 5, bootTimeout: 10 }])] });
    expect(logged).toContainEqual(
      expect.stringMatching(/^warn Flame: pool "work": queueTimeout \(5 ms\) is less than bootTimeout \(10 ms\)/),
    );
  });

  it('accepts calls from onModuleInit on', async () => {
    @Injectable()
    class Early implements OnModuleInit {
      where = '';
      constructor(private readonly service: Service) {}
      async onModuleInit(): Promise<void> {
        this.where = await this.service.where();
      }
    }
    const app = await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 1 }])], providers: [Service, Early] });
    expect(app.get(Early).where).toBe('work');
  });

  it('refuses a call before the pools are open', async () => {
    const start = startApp({
      imports: [FlameModule.forRoot([{ name: 'work', max: 1 }])],
      providers: [Service, { provide: 'early', inject: [Service], useFactory: (service: Service) => service.where() }],
    });
    await expect(start).rejects.toMatchObject({
      code: 'FLAME_REFUSED',
      message: expect.stringMatching(/^Service\.where was called before .* Call it in onModuleInit/),
    });
  });

  it('stops the app, and its booted runners, when a min runner cannot boot', async () => {
    const told: string[] = [];
    const pools = [
      { name: 'work', min: 1, max: 1, backend: new ToldBackend(told) },
      { name: 'broken', min: 1, max: 1, backend: new BrokenBackend([]) },
    ];
    const start = startApp({ imports: [FlameModule.forRoot(pools)], providers: [Service] });
    await expect(start).rejects.toMatchObject({ code: 'FLAME_BOOT', message: expect.stringContaining('no such image') });
    expect(told.slice(1)).toEqual(['boot', 'gone', 'close']);
  });

  it('starts in this case with minBoot: degrade', async () => {
    const pools = [{ name: 'work', min: 1, max: 1, minBoot: 'degrade' as const, backend: new BrokenBackend([]) }];
    await expect(startApp({ imports: [FlameModule.forRoot(pools)] })).resolves.toBeDefined();
  });

  it('separates two apps of one process, also those of one module class', async () => {
    @Module({ imports: [FlameModule.forRoot([{ name: 'work', max: 1 }])], providers: [Service] })
    class App {}
    const [one, two] = [await startApp({ imports: [App] }), await startApp({ imports: [App] })];
    const [poolOfOne, poolOfTwo] = [one, two].map((app) => app.get<FlamePool>(getPoolToken('work')));
    await one.get(Service).where();
    await one.get(Service).where();
    await two.get(Service).where();
    expect([poolOfOne!.stats().calls.started, poolOfTwo!.stats().calls.started]).toEqual([2, 1]);
    await one.close();
    await expect(one.get(Service).where()).rejects.toMatchObject({ code: 'FLAME_REFUSED' });
    expect(await two.get(Service).where()).toBe('work');
  });

  it('answers 404 for a NotFoundException of a handler', async () => {
    @Injectable()
    class Videos {
      @OnFlame('work')
      async find(id: string): Promise<string> {
        if (FlameCall.current()) throw new NotFoundException(`no video ${id}`);
        return 'not on a runner';
      }
    }
    @Controller('videos')
    class VideosController {
      constructor(private readonly videos: Videos) {}
      @Get(':id')
      get(@Param('id') id: string): Promise<string> {
        return this.videos.find(id);
      }
    }
    const module = await startApp({
      imports: [FlameModule.forRoot([{ name: 'work', max: 1 }])],
      providers: [Videos],
      controllers: [VideosController],
    });
    const http = module.createNestApplication();
    onTestFinished(() => http.close());
    await http.listen(0, '127.0.0.1');
    const response = await fetch(`${await http.getUrl()}/videos/7`);
    expect([response.status, await response.json()]).toEqual([404, { message: 'no video 7', error: 'Not Found', statusCode: 404 }]);
    const error: unknown = await module
      .get(Videos)
      .find('7')
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NotFoundException);
    expect((error as Error).stack).toMatch(/runner work-\w+-1 \(pool work\)/);
  });

  it('copies the instances of registered classes', async () => {
    class Point {
      constructor(
        readonly x: number,
        readonly y: number,
      ) {}
    }
    class Money {
      readonly #cents: number;
      constructor(cents: number) {
        this.#cents = cents;
      }
      get cents(): number {
        return this.#cents;
      }
    }
    @Injectable()
    class Shop {
      @OnFlame('work')
      async move(point: Point, price: Money): Promise<[Point, Money]> {
        return [new Point(point.x + 1, point.y), new Money(price.cents * 2)];
      }
    }
    const classes = [Point, { type: Money, encode: (money: Money) => money.cents, decode: (cents: number) => new Money(cents) }];
    const app = await startApp({
      imports: [FlameModule.forRoot([{ name: 'work', max: 1 }], { classes: classes as never })],
      providers: [Shop],
    });
    const [point, price] = await app.get(Shop).move(new Point(1, 2), new Money(5));
    expect(point).toEqual(new Point(2, 2));
    expect([point instanceof Point, price instanceof Money, price.cents]).toEqual([true, true, 10]);
  });

  it('refuses two imports', async () => {
    const start = startApp({ imports: [FlameModule.forRoot([{ name: 'a', max: 1 }]), FlameModule.forRoot([{ name: 'b', max: 1 }])] });
    await expect(start).rejects.toThrow(/FlameModule is imported 2 times .* Import it once/);
  });
});
