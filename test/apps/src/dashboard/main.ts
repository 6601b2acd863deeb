import 'reflect-metadata';
import { Controller, Get, Injectable, Module, Param, Query } from '@nestjs/common';
import type { CanActivate, INestApplication } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Flame, FlameCall, FlameModule, FlameParent, LocalBackend, OnFlame, ProcessBackend } from 'nestjs-flame';
import { $function, $inline } from 'nestjs-flame/inline';
import { FlameDashboardModule } from 'nestjs-flame/dashboard';

// An app with a dashboard, as a test wants it: DASH_ADAPTER, DASH_PREFIX, DASH_AUTH (user:password), DASH_ACTIONS, DASH_BACKEND,
// DASH_CORS, DASH_TRUST (Express trusts its proxy), DASH_ORIGINS.
const env = process.env;
const [user, password] = env['DASH_AUTH']?.split(':') ?? [];

@Injectable()
class Work {
  @OnFlame('work', { handlerTimeout: 60_000 })
  async sleep(time: number): Promise<void> {
    const { signal } = FlameCall.current()!;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, time);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  @OnFlame('work')
  async fail(message: string): Promise<void> {
    throw new RangeError(message);
  }

  /** A name that would do harm where it were taken for markup. */
  @OnFlame('work', { name: '<img src=x onerror="document.title=1">' })
  async hostile(): Promise<void> {}

  @OnFlame('idle', { name: 'Idle.never' })
  async never(): Promise<void> {}
}

// What the compile step writes for `flame.map('work', times, async (time) => sleepOrFail(time))` in a function of this module.
$function('src/dashboard/main.js#sleepAll/1', 'sleep-all-1', [], (async (time: number) => sleepOrFail(time)) as never);

async function sleepAll(flame: Flame, times: readonly number[]): Promise<void> {
  const results = flame.map(
    'work',
    times,
    $inline(
      async (time: number) => sleepOrFail(time),
      'src/dashboard/main.js#sleepAll/1',
      () => [undefined],
      undefined,
      'sleep-all-1',
    ),
  );
  for await (const _ of results);
}

async function sleepOrFail(time: number): Promise<void> {
  if (time === 0) throw new RangeError('no time to sleep');
  await new Promise((resolve) => setTimeout(resolve, time));
}

@Controller()
class WorkController {
  constructor(
    private readonly work: Work,
    private readonly flame: Flame,
  ) {}

  /** Answers when all calls are taken, and not when they have ended. */
  @Get('sleep/:time')
  sleep(@Param('time') time: string, @Query('times') times = '1'): string {
    for (let n = 0; n < Number(times); n++) void this.work.sleep(Number(time)).catch(() => undefined);
    return 'taken';
  }

  @Get('fail')
  async fail(@Query('message') message: string): Promise<string> {
    await this.work.fail(message).catch(() => undefined);
    return 'failed';
  }

  /** The same with an inline function, for several times at once: `sleep-all/2500,0`. */
  @Get('sleep-all/:times')
  sleepAll(@Param('times') times: string): string {
    void sleepAll(this.flame, times.split(',').map(Number)).catch(() => undefined);
    return 'taken';
  }

  @Get('hostile')
  async hostile(): Promise<string> {
    await this.work.hostile();
    return 'done';
  }

  @Get('stats')
  stats(): object {
    return this.flame.pool('work').stats();
  }
}

/** Lets nobody in: the dashboard has access rules of its own. */
class Closed implements CanActivate {
  canActivate(): boolean {
    return env['DASH_GUARD'] === undefined;
  }
}

@Module({
  imports: [
    FlameModule.forRoot(
      [
        { name: 'work', max: 2, maxConcurrency: 2, idleShutdownAfter: 60_000, shutdownTimeout: 2_000, queueTimeout: 60_000 },
        { name: 'idle', max: 1 },
      ],
      { backend: env['DASH_BACKEND'] === 'process' ? new ProcessBackend() : new LocalBackend() },
    ),
    FlameDashboardModule.forRoot({
      path: env['DASH_PATH'] ?? '/flame',
      actions: env['DASH_ACTIONS'] !== undefined,
      auth: user && password ? { user, password } : undefined,
      origins: env['DASH_ORIGINS']?.split(','),
    }),
  ],
  controllers: FlameParent.unlessRunner([WorkController]),
  providers: [Work, { provide: APP_GUARD, useClass: Closed }],
})
class AppModule {}

const make = (): Promise<INestApplication> =>
  env['DASH_ADAPTER'] === 'fastify' ? NestFactory.create(AppModule, new FastifyAdapter()) : NestFactory.create(AppModule);

const app = await make();
app.enableShutdownHooks();
if (env['DASH_CORS'] !== undefined) app.enableCors({ origin: true, credentials: true });
if (env['DASH_TRUST'] !== undefined) (app as NestExpressApplication).set('trust proxy', 'loopback');
if (env['DASH_PREFIX'] !== undefined) app.setGlobalPrefix(env['DASH_PREFIX']);
await app.listen(env['PORT'] ?? 0, '127.0.0.1');
console.log(`[parent] listens on ${await app.getUrl()}`);
