import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import { Inject, Injectable, Scope, UseFilters, UseGuards, UseInterceptors } from '@nestjs/common';
import type { ArgumentsHost, CallHandler, CanActivate, ExceptionFilter, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { ContextIdFactory, REQUEST } from '@nestjs/core';
import type { ContextId, HostComponentInfo } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { startApp } from '../../../../../test/support/nest-app.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameModule } from '../module/flame.module.js';
import { Flame } from '../flame/flame.service.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

interface HttpRequest {
  readonly headers: Record<string, string>;
}

/** What an app has of a request, wherever it is. */
const tenants = new AsyncLocalStorage<string>();
const context = {
  capture: () => tenants.getStore(),
  run: (tenant: string, next: () => void) => tenants.run(tenant, next),
};
const pools = (): ReturnType<typeof FlameModule.forRoot> => FlameModule.forRoot([{ name: 'p', max: 2 }], { context });

const looksFor = expect.stringMatching(/^"headers" was read from the request, but a runner .* option `context` \(docs\/context\.md\)/);

@Injectable({ scope: Scope.REQUEST })
class Reports {
  constructor(@Inject(REQUEST) readonly request: FlameCall & HttpRequest & { tenant?: string }) {}

  @OnFlame('p')
  async tenant(): Promise<string | null> {
    return this.request.headers['x-tenant'] ?? null;
  }

  @OnFlame('p')
  async asked(): Promise<unknown> {
    const { request } = this;
    const printed = [inspect(request, { showHidden: true, getters: true }), String(request), JSON.stringify(request)].length;
    const written = JSON.parse(JSON.stringify(request)) as object;
    const listed = [Object.keys(request), Object.keys(written), { ...request }.pool];
    request.tenant = 'set';
    return {
      listed,
      current: (await request) === FlameCall.current(),
      known: [typeof request.id, request.pool, request.signal.aborted, request.attempt, request.constructor.name],
      in: ['headers' in request, 'pool' in request, Reflect.has(request, 'user')],
      raw: (request as unknown as { raw: unknown }).raw,
      printed,
      set: request.tenant,
    };
  }
}

describe('FlameCall as a request', () => {
  it('throws an error with the fix when a missing property of HTTP requests is read', async () => {
    const app = await startApp({ imports: [pools()], providers: [Reports] });
    expect(await failure(app.get(Flame).on('p', Reports).tenant())).toMatchObject({
      code: 'FLAME_CONFIG',
      ran: 'maybe',
      message: looksFor,
    });
  });

  it('has its own properties, and throws nothing when tools inspect it', async () => {
    const app = await startApp({ imports: [pools()], providers: [Reports] });
    expect(await app.get(Flame).on('p', Reports).asked()).toEqual({
      current: true,
      listed: [['id', 'pool', 'runnerId', 'attempt'], ['id', 'pool', 'runnerId', 'attempt'], 'p'],
      known: ['number', 'p', false, 1, 'FlameCall'],
      in: [false, true, false],
      raw: undefined,
      printed: 3,
      set: 'set',
    });
  });
});

describe('Enhancers that were written for HTTP', () => {
  const header = (host: ArgumentsHost): string => host.switchToHttp().getRequest<HttpRequest>().headers['x-tenant']!;

  class HttpGuard implements CanActivate {
    canActivate(execution: ExecutionContext): boolean {
      return header(execution) !== 'evil';
    }
  }
  class HttpInterceptor implements NestInterceptor {
    intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
      header(execution);
      return next.handle();
    }
  }
  class HttpFilter implements ExceptionFilter {
    catch(error: Error, host: ArgumentsHost): void {
      if (error.message === 'no') host.switchToHttp().getResponse<{ headers: unknown }>().headers = header(host);
    }
  }

  @Injectable()
  class Guarded {
    @UseGuards(HttpGuard)
    @OnFlame('p', { enhancers: ['guards'] })
    async guarded(given: HttpRequest): Promise<HttpRequest> {
      return given;
    }

    @UseInterceptors(HttpInterceptor)
    @OnFlame('p', { enhancers: ['interceptors'] })
    async intercepted(given: HttpRequest): Promise<HttpRequest> {
      return given;
    }

    @UseFilters(HttpFilter)
    @OnFlame('p', { enhancers: ['filters'] })
    async filtered(given: HttpRequest): Promise<HttpRequest> {
      if (given) throw new Error('no');
      return given;
    }
  }

  it.each(['guarded', 'intercepted', 'filtered'] as const)(
    'find neither a request nor the caller’s arguments in its place: %s',
    async (method) => {
      const app = await startApp({ imports: [pools()], providers: [Guarded] });
      const forged = { headers: { 'x-tenant': 'good' } };
      expect(await failure(app.get(Guarded)[method](forged))).toMatchObject({ code: 'FLAME_CONFIG', message: looksFor });
    },
  );
});

describe('Durable providers on a runner', () => {
  /** As docs/context.md has it: the tenant is what travelled. */
  function byTenant(): void {
    const parents = new Map<string, ContextId>();
    ContextIdFactory.apply({
      attach: (contextId) => {
        const tenant = tenants.getStore() ?? 'nobody';
        const parent = parents.get(tenant) ?? ContextIdFactory.create();
        parents.set(tenant, parent);
        return { resolve: (info: HostComponentInfo) => (info.isTreeDurable ? parent : contextId), payload: { tenant } };
      },
    });
    onTestFinished(() => ContextIdFactory.apply(undefined as never));
  }

  let made = { database: 0, orders: 0, mixed: 0 };

  @Injectable({ scope: Scope.REQUEST, durable: true })
  class Database {
    readonly tenant: string;
    constructor(@Inject(REQUEST) { tenant }: { tenant: string }) {
      made.database += 1;
      this.tenant = tenant;
    }
  }

  @Injectable({ scope: Scope.REQUEST, durable: true })
  class Orders {
    constructor(
      readonly database: Database,
      @Inject(REQUEST) readonly request: unknown,
    ) {
      made.orders += 1;
    }

    @OnFlame('p')
    async owner(): Promise<unknown> {
      return [this.database.tenant, this.request];
    }
  }

  /** A tree that is not durable as a whole. */
  @Injectable({ scope: Scope.REQUEST })
  class Mixed {
    constructor(
      readonly database: Database,
      @Inject(REQUEST) readonly request: FlameCall & { tenant: string },
    ) {
      made.mixed += 1;
    }

    @OnFlame('p')
    async owner(): Promise<unknown> {
      return [this.database.tenant, this.request.tenant, this.request === FlameCall.current()];
    }

    @UseGuards(
      class Yes implements CanActivate {
        canActivate = (): boolean => true;
      },
    )
    @OnFlame('p', { enhancers: ['guards'] })
    async guarded(): Promise<string> {
      return this.database.tenant;
    }
  }

  it('are made once for each tenant, whose payload is their request', async () => {
    made = { database: 0, orders: 0, mixed: 0 };
    byTenant();
    const app = await startApp({ imports: [pools()], providers: [Database, Orders, Mixed] });
    const flame = app.get(Flame);
    const orders = flame.on('p', Orders);
    const mixed = flame.on('p', Mixed);
    for (let call = 0; call < 25; call++)
      for (const tenant of ['a', 'b']) {
        expect(await tenants.run(tenant, () => orders.owner())).toEqual([tenant, { tenant }]);
        expect(await tenants.run(tenant, () => mixed.owner())).toEqual([tenant, tenant, true]);
        expect(await tenants.run(tenant, () => mixed.guarded())).toBe(tenant);
      }
    expect(made).toEqual({ database: 2, orders: 2, mixed: 100 });
  });

  it('fail the call if the strategy reads an HTTP request, and say so', async () => {
    ContextIdFactory.apply({
      attach: (contextId, request: unknown) => {
        const tenant = (request as HttpRequest).headers['x-tenant'];
        return () => ({ ...contextId, tenant });
      },
    });
    onTestFinished(() => ContextIdFactory.apply(undefined as never));
    const app = await startApp({ imports: [pools()], providers: [Database, Orders] });
    expect(await failure(app.get(Flame).on('p', Orders).owner())).toMatchObject({ code: 'FLAME_CONFIG', message: looksFor });
  });
});
