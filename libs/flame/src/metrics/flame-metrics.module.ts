import { Controller, Get, Inject, Injectable, Module, Res } from '@nestjs/common';
import type { DynamicModule, OnModuleInit, Type } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { importPeer } from '../core/optional-peer.js';
import { FlameApp } from '../nest/module/flame-app.js';
import { FlameParent } from '../nest/module/flame-parent.js';
import { overridable } from '../nest/module/overridable.js';
import { collectPools } from './pool-collector.js';

/** Options of `FlameMetricsModule.forRoot`. */
export interface FlameMetricsOptions {
  /** The app's registry, for example `register` of `prom-client`. One of its own when left out. */
  registry?: Registry;
  /**
   * The path at which the registry is served, behind the app's global prefix; `false` where the app serves it already. It is as open as the
   * app's other paths: guard it, or keep it from the public, as these.
   *
   * @default '/metrics', and false where a registry is given
   */
  path?: string | false;
  /**
   * Whether each runner's CPU, memory and event loop are told, with the label `runner`. Runners come and go, so that a pool that boots many
   * makes many series.
   *
   * @default true
   */
  perRunner?: boolean;
}

const optionsToken = Symbol('nestjs-flame:metrics');

/** The numbers of this app's pools, in a registry of `prom-client`. */
@Injectable()
export class FlameMetrics implements OnModuleInit {
  #registry: Registry | undefined;

  constructor(
    @Inject(optionsToken) private readonly options: FlameMetricsOptions,
    @Inject(FlameApp) private readonly app: FlameApp,
  ) {}

  async onModuleInit(): Promise<void> {
    if (this.app.inRunner) return;
    const { registry, perRunner = true } = this.options;
    const client = await importPeer('FlameMetricsModule', 'prom-client', () => import('prom-client'));
    this.#registry = registry ?? new client.Registry();
    const pools = this.app.opened('FlameMetricsModule').pools;
    collectPools(this.#registry, () => Array.from(pools.values(), (pool) => pool.metrics()), perRunner);
  }

  /** The registry; undefined in a runner, which has no pools. */
  get registry(): Registry | undefined {
    return this.#registry;
  }
}

/** Gives Prometheus the numbers of the app's pools. Import it beside `FlameModule`; it needs the package `prom-client`. */
@Module({})
export class FlameMetricsModule {
  static forRoot(options: FlameMetricsOptions = {}): DynamicModule {
    const path = options.path ?? (options.registry ? false : '/metrics');
    return overridable({
      module: FlameMetricsModule,
      controllers: path === false ? [] : FlameParent.unlessRunner([metricsController(path)]),
      providers: [{ provide: optionsToken, useValue: options }, FlameMetrics],
      exports: [FlameMetrics],
    });
  }
}

/** What Express and Fastify answer alike. */
interface Response {
  header(name: string, value: string): unknown;
  send(body: string): unknown;
}

function metricsController(path: string): Type {
  @Controller(path)
  class FlameMetricsController {
    constructor(@Inject(FlameMetrics) private readonly metrics: FlameMetrics) {}

    @Get()
    async scrape(@Res() response: Response): Promise<void> {
      const registry = this.metrics.registry!;
      const text = await registry.metrics();
      response.header('content-type', registry.contentType);
      response.send(text);
    }
  }
  return FlameMetricsController;
}
