import { Inject, Module, Optional, RequestMethod } from '@nestjs/common';
import type {
  BeforeApplicationShutdown,
  DynamicModule,
  FactoryProvider,
  MiddlewareConsumer,
  ModuleMetadata,
  NestModule,
} from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { badOption } from '../core/option-reader.js';
import { Sealed } from '../core/sealed.js';
import { FlameApp } from '../nest/flame-app.js';
import { FlameParent } from '../nest/flame-parent.js';
import { nestLog } from '../nest/nest-log.js';
import { readDashboardOptions } from './dashboard-options.js';
import type { DashboardConfig, FlameDashboardOptions } from './dashboard-options.js';
import { DashboardSite } from './dashboard-site.js';

export interface FlameDashboardAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  inject?: FactoryProvider['inject'];
  useFactory: (...deps: any[]) => FlameDashboardOptions | Promise<FlameDashboardOptions>;
}

const configToken = Symbol('nestjs-flame:dashboard');

/**
 * Mounts a page that shows live what the app's pools do. Import it beside `FlameModule`, in the root module. In a runner it does nothing.
 */
@Module({})
export class FlameDashboardModule implements NestModule, BeforeApplicationShutdown {
  readonly #config: DashboardConfig;
  readonly #app: FlameApp;
  #site: DashboardSite | undefined;

  constructor(@Inject(configToken) config: Sealed<DashboardConfig>, @Optional() @Inject(FlameApp) app?: FlameApp) {
    if (!app)
      throw badOption(
        'FlameDashboardModule',
        'has no pools to show: FlameModule is not imported',
        'Import FlameModule.forRoot([...]) in the root module, too.',
      );
    this.#config = config.open();
    this.#app = app;
  }

  /** @throws {FlameError} FLAME_CONFIG that names the option and the fix; without `auth` in production, too. */
  static forRoot(options?: FlameDashboardOptions): DynamicModule {
    const config = readConfig(options, 'FlameDashboardModule.forRoot');
    return { module: FlameDashboardModule, providers: [{ provide: configToken, useFactory: () => new Sealed(config) }] };
  }

  /** The same with options from a factory: a password that a config service has. */
  static forRootAsync({ imports = [], inject = [], useFactory }: FlameDashboardAsyncOptions): DynamicModule {
    const config: FactoryProvider<Sealed<DashboardConfig>> = {
      provide: configToken,
      inject,
      useFactory: async (...deps: unknown[]) =>
        new Sealed(readConfig(await useFactory(...deps), 'FlameDashboardModule.forRootAsync useFactory()')),
    };
    return { module: FlameDashboardModule, imports, providers: [config] };
  }

  /** As middleware: below the app's global prefix, before its guards, and the same on Express and Fastify. */
  configure(consumer: MiddlewareConsumer): void {
    if (this.#app.inRunner) return;
    const { path } = this.#config;
    void this.#app.whenOpen.then(({ pools }) => (this.#site = new DashboardSite(this.#config, pools, nestLog)));
    const paths = [path, `${path}/*rest`].map((route) => ({ path: route, method: RequestMethod.ALL }));
    consumer.apply((request: IncomingMessage, response: ServerResponse) => this.#site?.handle(request, response)).forRoutes(...paths);
  }

  /** Before the HTTP server closes, which waits for every response. */
  beforeApplicationShutdown(): void {
    this.#site?.close();
  }
}

/** A runner shows nothing, and so needs no `auth`. */
function readConfig(options: FlameDashboardOptions | undefined, at: string): DashboardConfig {
  const production = process.env['NODE_ENV'] === 'production' && FlameParent.get() === null;
  return readDashboardOptions(options, at, production);
}
