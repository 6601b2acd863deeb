import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Body, Controller, Get, Inject, Module, Post, Query, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ClsMiddleware, ClsService } from 'nestjs-cls';
import { Flame, LocalBackend, ProcessBackend } from 'nestjs-flame';
import type { FlameBackend, FlameError, FlameModuleOptions } from 'nestjs-flame';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConformanceModule } from '../apps/src/conformance/app.module.js';
import { requestContext } from '../apps/src/conformance/request-context.js';
import { RequestService } from '../apps/src/conformance/request.service.js';
import { WorkService } from '../apps/src/conformance/work.service.js';
import { readMarks } from '../support/marks.js';
import { until } from '../support/process-table.js';

/** What came of calls whose answer no client waited for. */
let outcomes: Promise<unknown>[] = [];

@Controller()
class WorkController {
  constructor(
    @Inject(WorkService) private readonly work: WorkService,
    @Inject(RequestService) private readonly requests: RequestService,
    @Inject(Flame) private readonly flame: Flame,
    @Inject(ClsService) private readonly cls: ClsService,
  ) {}

  @Get('linked')
  linked(@Query('log') log: string, @Query('time') time: string): Promise<unknown> {
    return keep(this.work.work(log, Number(time)));
  }

  @Post('posted')
  posted(@Body() { log }: { log: string }): Promise<unknown> {
    return keep(this.work.work(log, 60_000));
  }

  @Get('unlinked')
  unlinked(@Query('log') log: string): Promise<unknown> {
    return keep(this.flame.on('p', WorkService, { link: false }).work(log, 300));
  }

  /** Answers at once; the work goes on. */
  @Get('answered')
  answered(@Query('log') log: string): string {
    void keep(this.work.work(log, 300));
    return 'taken on';
  }

  /** Calls when the client has gone. */
  @Get('late')
  async late(@Query('log') log: string, @Res() response: ServerResponse | { raw: ServerResponse }): Promise<void> {
    const raw = 'raw' in response ? response.raw : response;
    await keep(new Promise((resolve) => raw.once('close', resolve)).then(() => this.work.work(log, 1)));
  }

  @Get('many')
  async many(@Query('count') count: string): Promise<number> {
    const echoed = await Promise.all(Array.from({ length: Number(count) }, (_, i) => this.work.echo(i)));
    return echoed.length;
  }

  @Get('id')
  async id(): Promise<string | undefined> {
    return this.requests.requestId();
  }

  @Get('invoices')
  invoices(@Query('of') tenant: string, @Query('as') self: string, @Query('log') log: string): Promise<string> {
    this.cls.set('tenant', self);
    return this.requests.invoices(tenant, log);
  }
}

function keep(call: Promise<unknown>): Promise<unknown> {
  outcomes.push(
    call.then(
      (value) => value,
      (error: unknown) => error,
    ),
  );
  return call;
}

interface Site {
  readonly work: WorkService;
  readonly log: string;
  /** Asks for a path and gives the request, which may be destroyed. */
  ask(path: string, options?: { body?: unknown; headers?: Record<string, string> }): ClientRequest;
  get(path: string, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
  marked(what: string): Promise<void>;
}

const entry = join(import.meta.dirname, '../apps/dist/conformance/main.js');
const adapters: [name: string, make: () => AbstractHttpAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];
const backends: [name: string, make: () => FlameBackend][] = [
  ['LocalBackend', () => new LocalBackend()],
  ['ProcessBackend', () => new ProcessBackend({ entry })],
];
const cases = adapters.flatMap(([http, makeAdapter]) =>
  backends.map(([backend, makeBackend]) => ({ http, backend, makeAdapter, makeBackend })),
);

describe.each(cases)('HTTP requests on $http, with $backend', ({ makeAdapter, makeBackend }) => {
  async function start(options: FlameModuleOptions = {}): Promise<Site> {
    outcomes = [];
    const pools = [{ name: 'p', max: 1, maxConcurrency: 2_000 }];

    @Module({
      imports: [ConformanceModule.with(pools, { backend: makeBackend(), linkToRequest: true, context: requestContext, ...options })],
      controllers: [WorkController],
    })
    class SiteModule {}

    const app = await NestFactory.create(SiteModule, makeAdapter(), { logger: false });
    // What a prefix or another path could hide from the module's own middleware.
    app.setGlobalPrefix('api');
    app.use(new ClsMiddleware({ generateId: true, idGenerator: (req: IncomingMessage) => String(req.headers['x-request-id']) }).use);
    onTestFinished(() => app.close());
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const folder = mkdtempSync(join(tmpdir(), 'flame-http-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const log = join(folder, 'marks');

    const ask: Site['ask'] = (path, { body, headers } = {}) => {
      const client = request({
        host: '127.0.0.1',
        port,
        path: `/api/${path}`,
        agent: false,
        method: body ? 'POST' : 'GET',
        headers: { 'content-type': 'application/json', ...headers },
      });
      // A destroyed request fails, as it should.
      client.on('error', () => undefined);
      client.end(body ? JSON.stringify(body) : undefined);
      return client;
    };
    return {
      work: app.get(WorkService),
      log,
      ask,
      get: (path, headers) =>
        new Promise((resolve, reject) => {
          const client = ask(path, { headers });
          client.on('error', reject);
          client.on('response', (response) => {
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (chunk: string) => (text += chunk));
            response.on('end', () => resolve({ status: response.statusCode!, text }));
          });
        }),
      marked: (what) => until(() => readMarks(log).some((mark) => mark.what === what)),
    };
  }

  it('end linked calls when their client disconnects, and no others', async () => {
    const { work, log, ask, marked } = await start();
    const other = work.work(`${log}-other`, 500);
    const client = ask(`linked?log=${log}&time=60000&secret=1`);
    await marked('begin');
    client.destroy();
    await marked('abort');
    const error = (await outcomes[0]) as FlameError;
    expect(error).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'maybe' });
    expect(error.message).toMatch(/WorkService\.work .*: the client of the request GET \/api\/linked disconnected$/);
    expect(await other).toMatch(/^p-/);
  });

  it('end linked calls of a request that had a body', async () => {
    const { log, ask, marked } = await start();
    const client = ask('posted', { body: { log } });
    await marked('begin');
    client.destroy();
    await marked('abort');
    expect(await outcomes[0]).toMatchObject({ code: 'FLAME_CANCELLED' });
  });

  it('let unlinked calls continue', async () => {
    const { log, ask, marked } = await start();
    const client = ask(`unlinked?log=${log}`);
    await marked('begin');
    client.destroy();
    await marked('end');
    expect(await outcomes[0]).toMatch(/^p-/);
  });

  it('let calls continue without the option', async () => {
    const { log, ask, marked } = await start({ linkToRequest: false });
    const client = ask(`linked?log=${log}&time=300`);
    await marked('begin');
    client.destroy();
    await marked('end');
    expect(await outcomes[0]).toMatch(/^p-/);
  });

  it('let calls continue whose client has its answer', async () => {
    const { log, get, marked } = await start();
    expect(await get(`answered?log=${log}`, { connection: 'close' })).toEqual({ status: 200, text: 'taken on' });
    await marked('end');
    expect(await outcomes[0]).toMatch(/^p-/);
  });

  it('start no call after their client has disconnected', async () => {
    const { log, ask } = await start();
    const client = ask(`late?log=${log}`);
    await until(() => outcomes.length > 0);
    client.destroy();
    const error = (await outcomes[0]) as FlameError;
    expect(error).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'no' });
    expect(error.message).toContain('was not started in pool "p": the client of the request GET /api/late disconnected');
    expect(readMarks(log)).toEqual([]);
  });

  it('make any number of calls without a warning', async () => {
    const warnings: string[] = [];
    const heed = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', heed);
    onTestFinished(() => void process.off('warning', heed));
    const { get } = await start();
    expect(await get('many?count=1000')).toEqual({ status: 200, text: '1000' });
    // Warnings are told on the next tick.
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });

  it('pass their id to the runner', async () => {
    const { get } = await start();
    const ids = ['one', 'two', 'three'];
    const answers = await Promise.all(ids.map((id) => get('id', { 'x-request-id': id })));
    expect(answers.map(({ text }) => text)).toEqual(ids);
  });

  it('can be refused by a guard on the runner', async () => {
    const { log, get } = await start();
    expect(await get(`invoices?of=acme&as=acme&log=${log}`)).toMatchObject({ status: 200 });
    expect(await get(`invoices?of=acme&as=evil&log=${log}`)).toMatchObject({ status: 403 });
    expect(readMarks(log)).toHaveLength(1);
  });
});
