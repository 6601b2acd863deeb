import { Inject, Module, Optional, RequestMethod } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, MiddlewareConsumer, NestModule } from '@nestjs/common';
import type { HttpAdapterHost, ModuleRef, NestContainer } from '@nestjs/core';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { badOption } from '../core/options/option-reader.js';
import { Sealed } from '../core/sealed.js';
import { asyncOptions } from '../nest/module/async-options.js';
import type { AsyncOptions } from '../nest/module/async-options.js';
import { FlameApp } from '../nest/module/flame-app.js';
import { nestProviders, nestTokens } from '../nest/module/nests.js';
import { FlameParent } from '../nest/module/flame-parent.js';
import { nestLog } from '../nest/log/nest-log.js';
import { overridable } from '../nest/module/overridable.js';
import { readDashboardOptions } from './dashboard-options.js';
import type { DashboardConfig, FlameDashboardOptions } from './dashboard-options.js';
import { DashboardSite } from './dashboard-site.js';
import { withoutCors } from './cross-origin.js';

/** The interface of a class that `forRootAsync` gets as `useClass` or `useExisting`. */
export interface FlameDashboardOptionsFactory {
  /** Returns the options of `FlameDashboardModule.forRoot`. */
  createFlameDashboardOptions(): FlameDashboardOptions | Promise<FlameDashboardOptions>;
}

/** Options of `FlameDashboardModule.forRootAsync`. */
export type FlameDashboardAsyncOptions = AsyncOptions<FlameDashboardOptions, FlameDashboardOptionsFactory>;

const configToken = Symbol('nestjs-flame:dashboard');

/** Mounts a page with a live view of the app's pools. Import it beside `FlameModule`, in the root module. In a runner it does nothing. */
@Module({})
export class FlameDashboardModule implements NestModule, BeforeApplicationShutdown {
  readonly #config: DashboardConfig;
  readonly #app: FlameApp;
  readonly #adapterHost: HttpAdapterHost;
  readonly #moduleRef: ModuleRef;
  #site: DashboardSite | undefined;

  constructor(
    @Inject(configToken) config: Sealed<DashboardConfig>,
    @Inject(nestTokens.HttpAdapterHost) adapterHost: HttpAdapterHost,
    @Inject(nestTokens.ModuleRef) moduleRef: ModuleRef,
    @Optional() @Inject(FlameApp) app?: FlameApp,
  ) {
    if (!app)
      throw badOption(
        'FlameDashboardModule',
        'has no pools to show, because FlameModule is not imported',
        'Import FlameModule.forRoot([...]) in the root module, too.',
      );
    this.#config = config.open();
    this.#app = app;
    this.#adapterHost = adapterHost;
    this.#moduleRef = moduleRef;
  }

  /** @throws {FlameError} FLAME_CONFIG that names the option and the fix; also without `auth` in production. */
  static forRoot(options?: FlameDashboardOptions): DynamicModule {
    const config = readConfig(options, 'FlameDashboardModule.forRoot');
    const provider = { provide: configToken, useFactory: () => new Sealed(config) };
    return overridable({ module: FlameDashboardModule, providers: [provider, ...nestProviders()] });
  }

  /** The same as `forRoot`, with options from a factory, such as a password from a config service. */
  static forRootAsync(options: FlameDashboardAsyncOptions): DynamicModule {
    const config = asyncOptions(options, {
      path: 'FlameDashboardModule.forRootAsync',
      method: 'createFlameDashboardOptions',
      token: configToken,
      read: (result, source) => new Sealed(readConfig(result as FlameDashboardOptions, source)),
    });
    return overridable({ module: FlameDashboardModule, imports: options.imports ?? [], providers: [...config, ...nestProviders()] });
  }

  /** Mounts the dashboard as middleware: below the app's global prefix, before its guards, and the same on Express and Fastify. */
  configure(consumer: MiddlewareConsumer): void {
    if (this.#app.inRunner) return;
    const { path } = this.#config;
    void this.#app.whenOpen.then(({ pools }) => (this.#site = new DashboardSite(this.#config, pools, nestLog)));
    this.#sayWhere();
    this.#keepCorsOut();
    const paths = [path, `${path}/*rest`].map((route) => ({ path: route, method: RequestMethod.ALL }));
    consumer.apply((request: IncomingMessage, response: ServerResponse) => this.#site?.handle(request, response)).forRoutes(...paths);
  }

  /** Removes CORS headers in a request listener, because the app's CORS middleware answers preflights before any other middleware. */
  #keepCorsOut(): void {
    this.#server.prependListener('request', ({ url = '' }, response) => {
      const path = `${url.split('?', 1)[0]}/`.toLowerCase();
      if (path.startsWith(`${this.#path}/`.toLowerCase())) withoutCors(response);
    });
  }

  #sayWhere(): void {
    const server = this.#server;
    server.once('listening', () => {
      const at = server.address();
      const scheme = 'setSecureContext' in server ? 'https' : 'http';
      const origin = typeof at === 'object' && at ? `${scheme}://${hostOf(at)}:${at.port}` : '';
      nestLog.log(`dashboard: ${origin}${this.#path}`);
    });
  }

  get #server(): Server {
    return this.#adapterHost.httpAdapter.getHttpServer() as Server;
  }

  /** The path of the page, with the app's global prefix. */
  get #path(): string {
    // Nest has no public way to read the global prefix.
    const { container } = this.#moduleRef as unknown as { container: NestContainer };
    return ['', container.applicationConfig?.getGlobalPrefix(), this.#config.path].join('/').replace(/\/{2,}/g, '/');
  }

  /** Runs before the HTTP server closes, because the server waits for all responses. */
  beforeApplicationShutdown(): void {
    this.#site?.close();
  }
}

/** A host name that a browser on this host can open. */
function hostOf({ address, family }: AddressInfo): string {
  if (address === '::' || address === '0.0.0.0') return 'localhost';
  return family === 'IPv6' ? `[${address}]` : address;
}

/** Reads the options. A runner shows no page, so it needs no `auth`. */
function readConfig(options: FlameDashboardOptions | undefined, at: string): DashboardConfig {
  const production = process.env['NODE_ENV'] === 'production' && FlameParent.get() === null;
  return readDashboardOptions(options, at, production);
}
