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
  /** The app's registry, for example `register` of `prom-client`. If omitted, the module makes its own registry. */
  registry?: Registry;
  /**
   * The path of the endpoint for the registry, below the app's global prefix; `false` if the app already serves the registry. The endpoint
   * is as public as the app's other paths: protect it like those.
   *
   * @default '/metrics', and false where a registry is given
   */
  path?: string | false;
  /**
   * Whether to export each runner's CPU, memory and event loop metrics, with the label `runner`. Runners are short-lived, so a pool with
   * many boots creates many series.
   *
   * @default true
   */
  perRunner?: boolean;
}

const optionsToken = Symbol('nestjs-flame:metrics');

/** The metrics of this app's pools, in a registry of `prom-client`. */
@Injectable()
export class FlameMetrics implements OnModuleInit {
  #registry: Registry | undefined;

  constructor(
    @Inject(optionsToken) private readonly options: FlameMetricsOptions,
    @Inject(FlameApp) private readonly app: FlameApp,
  ) {}

  /** @internal Nest calls it. */
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

/** Exports the metrics of the app's pools to Prometheus. Import it beside `FlameModule`; it needs the package `prom-client`. */
@Module({})
export class FlameMetricsModule {
  /** Registers the pools' metrics in a registry of `prom-client`. */
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

/** The response methods that Express and Fastify have in common. */
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
