import 'reflect-metadata';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Catch, Controller, Get, Inject, Injectable, Module, Param, Sse, UseFilters } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter, LoggerService, ModuleMetadata, Provider } from '@nestjs/common';
import { APP_FILTER, ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { firstValueFrom, Observable } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BusyFilter } from '../../../../../test/support/busy-filter.js';
import { freePort } from '../../../../../test/support/free-port.js';
import { FailingBackend } from '../../../../../test/support/failing-backend.js';
import { LocalBackend } from '../../backends/local-backend.js';
import { BootError } from '../../core/errors/boot-error.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { FlameRpcModule, OnRegion, RegionRpc } from '../../rpc/index.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameModule } from './flame.module.js';
import type { FlameModuleOptions } from './flame-options.js';
import { FlamePool } from '../flame/flame-pool.js';
import { getPoolToken } from '../decorator/inject-pool.decorator.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

/** What no client may read. */
const secrets = /PhotosService|pool|runner|secret|FLAME|machine/i;

@Injectable()
class PhotosService {
  tellBegun!: () => void;
  readonly begun = new Promise<void>((resolve) => (this.tellBegun = resolve));

  @OnFlame('photos')
  async resize(): Promise<string> {
    return 'resized';
  }

  @OnFlame('photos', { handlerTimeout: 50 })
  async slowly(): Promise<never> {
    return this.untilAborted();
  }

  @OnFlame('photos')
  async untilAborted(): Promise<never> {
    this.tellBegun();
    const { signal } = FlameCall.current()!;
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  }

  @OnFlame('photos')
  async losing(): Promise<never> {
    throw new FlameError('FLAME_LOST', 'PhotosService.losing was lost with runner photos-1 of pool "photos"', { ran: 'maybe' });
  }

  @OnFlame('photos')
  async refusing(): Promise<never> {
    throw new FlameError('FLAME_REFUSED', 'PhotosService.refusing was refused after pool "photos" had run a part', { ran: 'maybe' });
  }

  @OnFlame('photos', { enhancers: ['filters'] })
  async filtered(): Promise<never> {
    throw new FlameError('FLAME_LOST', 'with all its words', { ran: 'maybe' });
  }

  @OnFlame('photos')
  watch(): Observable<string> {
    return new Observable((subscriber) => {
      subscriber.next('first');
      subscriber.error(new FlameError('FLAME_LOST', 'runner photos-1 of pool "photos" went away', { ran: 'maybe' }));
    });
  }
}

@Controller('photos')
class PhotosController {
  constructor(@Inject(PhotosService) readonly photos: PhotosService) {}

  @Get(':method')
  async call(@Param('method') method: 'resize'): Promise<string> {
    return await this.photos[method]();
  }
}

@Controller('events')
class EventsController {
  constructor(@Inject(PhotosService) readonly photos: PhotosService) {}

  @Sse()
  watch(): Observable<string> {
    return this.photos.watch();
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Site {
  readonly app: INestApplication;
  readonly photos: PhotosService;
  readonly pool: FlamePool;
  /** Everything that was logged as an error. */
  readonly errors: unknown[];
  get(path: string): Promise<Answer>;
  /** Asks, and leaves when the handler has begun. */
  leave(path: string): Promise<void>;
}

interface Setting {
  readonly options?: FlameModuleOptions;
  readonly imports?: ModuleMetadata['imports'];
  readonly providers?: Provider[];
  readonly controllers?: ModuleMetadata['controllers'];
  readonly before?: (app: INestApplication) => void;
  readonly adapter?: AbstractHttpAdapter;
}

async function start({
  options,
  imports = [],
  providers = [],
  controllers = [PhotosController, EventsController],
  before,
  adapter,
}: Setting = {}): Promise<Site> {
  return serve(
    {
      imports: [...imports, FlameModule.forRoot([{ name: 'photos', max: 1 }], options)],
      controllers,
      providers: [PhotosService, ...providers],
    },
    before,
    adapter,
  );
}

async function serve(metadata: ModuleMetadata, before?: Setting['before'], adapter?: AbstractHttpAdapter): Promise<Site> {
  const module = await Test.createTestingModule(metadata).compile();
  const errors: unknown[] = [];
  const silent = (): void => {};
  const logger: LoggerService = { log: silent, warn: silent, error: (error: unknown) => void errors.push(error) };
  const app = module.createNestApplication(adapter ?? new ExpressAdapter(), { logger });
  before?.(app);
  onTestFinished(() => app.close());
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const photos = app.get(PhotosService);
  const ask = (path: string): ReturnType<typeof request> => {
    const client = request({ host: '127.0.0.1', port, path: `/${path}`, agent: false });
    return client.on('error', () => undefined).end();
  };
  return {
    app,
    photos,
    get pool() {
      return app.get<FlamePool>(getPoolToken('photos'));
    },
    errors,
    get: (path) =>
      new Promise((resolve, reject) => {
        ask(path)
          .on('error', reject)
          .on('response', (response) => {
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (chunk: string) => (text += chunk));
            response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
          });
      }),
    async leave(path) {
      const client = ask(path);
      await photos.begun;
      const closed = new Promise((resolve) => client.once('close', resolve));
      client.destroy();
      await closed;
    },
  };
}

const adapters: [name: string, make: () => AbstractHttpAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];
const hopeless = (): FailingBackend =>
  new FailingBackend(new LocalBackend(), [new BootError('no image; the machine logged: secret=1', { phase: 'create', fatal: true })]);
const busy = { message: 'The service cannot take this request now. Try again later.', error: 'Service Unavailable', statusCode: 503 };
const late = { message: 'The service did not answer in time.', error: 'Gateway Timeout', statusCode: 504 };
const broken = { statusCode: 500, message: 'Internal server error' };

describe.each(adapters)('FlameExceptionFilter on %s', (_, make) => {
  it('answers 503 with Retry-After if a pool accepts no calls, and logs the error once', async () => {
    const { pool, get, errors } = await start({ adapter: make() });
    await pool.drain();
    const { status, headers, text } = await get('photos/resize');
    expect({ status, retry: headers['retry-after'], body: JSON.parse(text) as unknown }).toEqual({ status: 503, retry: '5', body: busy });
    expect(errors).toEqual([expect.objectContaining({ code: 'FLAME_REFUSED' })]);
  });

  it("answers 503 if no runner can be booted, without the machine's output", async () => {
    const { get, errors } = await start({ adapter: make(), options: { backend: hopeless() } });
    const { status, headers, text } = await get('photos/resize');
    expect({ status, retry: headers['retry-after'], body: JSON.parse(text) as unknown }).toEqual({ status: 503, retry: '5', body: busy });
    expect(text).not.toMatch(secrets);
    const [error, ...more] = errors.filter((logged) => logged instanceof FlameError);
    expect(error).toMatchObject({ code: 'FLAME_BOOT', message: expect.stringContaining('secret=1') as string });
    expect(more).toEqual([]);
  });

  it('answers 504 to a timeout, without Retry-After', async () => {
    const { get, errors } = await start({ adapter: make() });
    const { status, headers, text } = await get('photos/slowly');
    expect({ status, retry: headers['retry-after'], body: JSON.parse(text) as unknown }).toEqual({
      status: 504,
      retry: undefined,
      body: late,
    });
    expect(errors).toEqual([expect.objectContaining({ code: 'FLAME_TIMEOUT' })]);
  });

  it.each(['losing', 'refusing'])('answers 500 if the call may have run: %s', async (method) => {
    const { get, errors } = await start({ adapter: make() });
    const { status, headers, text } = await get(`photos/${method}`);
    expect({ status, retry: headers['retry-after'], body: JSON.parse(text) as unknown }).toEqual({
      status: 500,
      retry: undefined,
      body: broken,
    });
    expect(errors).toEqual([expect.objectContaining({ ran: 'maybe' })]);
  });

  it('sends no answer and logs no error when the client disconnects', async () => {
    const answered: unknown[] = [];
    const adapter = make();
    const reply = adapter.reply.bind(adapter);
    adapter.reply = (...all: Parameters<typeof reply>): unknown => {
      answered.push(all[1]);
      return reply(...all) as unknown;
    };
    const { leave, get, errors, pool } = await start({ adapter, options: { linkToRequest: true } });
    const ended = new Promise((resolve) => pool.events$.subscribe((event) => event.type === 'call-ended' && resolve(event)));
    await leave('photos/untilAborted');
    await ended;
    expect((await get('photos/resize')).text).toBe('resized');
    expect(answered).toEqual(['resized']);
    expect(errors).toEqual([]);
  });

  it('does not replace the filter of docs/errors/answers.md', async () => {
    const { pool, get } = await start({ adapter: make(), providers: [{ provide: APP_FILTER, useClass: BusyFilter }] });
    expect(await get('photos/slowly')).toMatchObject({ status: 500, text: JSON.stringify(broken) });
    await pool.drain();
    expect(await get('photos/resize')).toMatchObject({ status: 503, text: '{"busy":true}' });
  });

  it('leaves the error to Nest if it is switched off', async () => {
    const { get, errors } = await start({ adapter: make(), options: { exceptionFilter: false } });
    const { status, text } = await get('photos/slowly');
    expect({ status, body: JSON.parse(text) as unknown }).toEqual({ status: 500, body: broken });
    expect(errors).toEqual([expect.objectContaining({ code: 'FLAME_TIMEOUT' })]);
  });

  it('hides runners from a client of server-sent events', async () => {
    const { get } = await start({ adapter: make() });
    const { text } = await get('events');
    expect(text).toContain('data: first');
    expect(text).toContain('event: error');
    expect(text).not.toMatch(secrets);
  });
});

@Catch()
class CatchAll implements ExceptionFilter {
  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  catch(error: Error, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.getArgByIndex(1), `app: ${error.name}`, 418);
  }
}

@Catch(FlameError)
class CatchFlame extends CatchAll {}

@Controller('filtered')
class FilteredController extends PhotosController {
  @Get('all')
  @UseFilters(CatchAll)
  async all(): Promise<string> {
    return await this.photos.slowly();
  }

  @Get('flame')
  @UseFilters(CatchFlame)
  async flame(): Promise<string> {
    return await this.photos.slowly();
  }
}

@Controller('guarded')
@UseFilters(CatchAll)
class GuardedController extends PhotosController {}

describe('FlameExceptionFilter beside filters of the app', () => {
  const controllers = [PhotosController, FilteredController, GuardedController];
  const caught = { status: 418, text: 'app: FlameError' };

  it.each([CatchAll, CatchFlame])('leaves errors to a global filter that a module provides', async (filter) => {
    const { get, errors } = await start({ controllers, providers: [{ provide: APP_FILTER, useClass: filter }] });
    expect(await get('photos/slowly')).toMatchObject(caught);
    expect(errors).toEqual([]);
  });

  it.each([CatchAll, CatchFlame])('leaves errors to a global filter that main.ts sets', async (filter) => {
    const before = (app: INestApplication): unknown => app.useGlobalFilters(new filter(app.get(HttpAdapterHost)));
    const { get, errors } = await start({ controllers, before });
    expect(await get('photos/slowly')).toMatchObject(caught);
    expect(errors).toEqual([]);
  });

  it('leaves errors to a global filter that came before it', async () => {
    @Injectable()
    class Early {
      constructor(@Inject(ApplicationConfig) config: ApplicationConfig, @Inject(HttpAdapterHost) host: HttpAdapterHost) {
        config.addGlobalFilter(new CatchAll(host));
      }
    }
    @Module({ providers: [Early], exports: [Early] })
    class EarlyModule {}
    const { get, errors } = await start({ controllers, imports: [EarlyModule] });
    expect(await get('photos/slowly')).toMatchObject(caught);
    expect(errors).toEqual([]);
  });

  it.each(['filtered/all', 'filtered/flame', 'guarded/slowly'])(
    'leaves errors to the filter of a method or controller: %s',
    async (path) => {
      const { get, errors } = await start({ controllers });
      expect(await get(path)).toMatchObject(caught);
      expect(errors).toEqual([]);
    },
  );

  it('answers if the filters of the app handle other errors', async () => {
    @Catch(RangeError)
    class CatchRange extends CatchAll {}
    const { get } = await start({ controllers, providers: [{ provide: APP_FILTER, useClass: CatchRange }] });
    expect(await get('photos/slowly')).toMatchObject({ status: 504 });
  });
});

@Controller()
class MessagesController {
  constructor(@Inject(PhotosService) readonly photos: PhotosService) {}

  @MessagePattern('slowly')
  async slowly(): Promise<string> {
    return await this.photos.slowly();
  }
}

@Controller('regions')
class RegionsController {
  constructor(@Inject(RegionRpc) readonly rpc: RegionRpc) {}

  @Get()
  async elsewhere(): Promise<string> {
    return await this.rpc.on('hkg', Prices).quote();
  }
}

@Injectable()
class Prices {
  @OnRegion('hkg')
  async quote(): Promise<string> {
    return 'a price';
  }
}

describe('FlameExceptionFilter elsewhere', () => {
  it('hides pools and runners from the client of a microservice', async () => {
    const port = await freePort();
    const options = { host: '127.0.0.1', port };
    const { errors } = await start({
      controllers: [MessagesController],
      before: (app) => app.connectMicroservice({ transport: Transport.TCP, options }, { inheritAppConfig: true }),
    });
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
    onTestFinished(() => client.close());
    const error = await firstValueFrom(client.send('slowly', {})).catch((caught: unknown) => caught);
    expect(error).toEqual({ status: 'error', message: 'The service did not answer in time.' });
    expect(errors).toEqual([expect.objectContaining({ code: 'FLAME_TIMEOUT' })]);
  });

  it('does not change errors of a handler with filters on its runner', async () => {
    const { photos, errors } = await start();
    await expect(photos.filtered()).rejects.toMatchObject({ code: 'FLAME_LOST', message: 'with all its words' });
    expect(errors).toHaveLength(1);
  });

  it.each([
    [true, 503],
    [false, 500],
  ])('answers in an app that only calls other regions, with the option %s: %i', async (exceptionFilter, status) => {
    const { get } = await serve({
      imports: [FlameRpcModule.forRoot({ exceptionFilter })],
      controllers: [RegionsController],
      providers: [PhotosService, Prices],
    });
    expect(await get('regions')).toMatchObject({ status });
  });

  it('is the filter of FlameModule if an app has both modules', async () => {
    const imports = [FlameRpcModule.forRoot(), FlameModule.forRoot([{ name: 'photos', max: 1 }], { exceptionFilter: false })];
    const { get } = await serve({ imports, controllers: [RegionsController], providers: [PhotosService, Prices] });
    expect(await get('regions')).toMatchObject({ status: 500 });
  });
});
