import { Inject, Logger, Module } from '@nestjs/common';
import type { DynamicModule, ModuleMetadata, OnApplicationBootstrap, OnApplicationShutdown, OnModuleInit, Provider } from '@nestjs/common';
import type { ApplicationConfig, ExternalContextCreator, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { badOption } from '../core/options/option-reader.js';
import { asyncOptions } from '../nest/module/async-options.js';
import type { AsyncOptions } from '../nest/module/async-options.js';
import { beforeDestroy } from '../nest/module/before-destroy.js';
import { enhanceWith } from '../nest/handlers/enhancers.js';
import { FlameExceptionFilter } from '../nest/module/exception-filter.js';
import { findHandlers } from '../nest/handlers/flame.explorer.js';
import { FlameModule } from '../nest/module/flame.module.js';
import { FlameParent } from '../nest/module/flame-parent.js';
import { HandlerIndex } from '../nest/handlers/handler-index.js';
import { nestProviders, nestTokens } from '../nest/module/nests.js';
import { overridable } from '../nest/module/overridable.js';
import { SystemClock } from '../system/system-clock.js';
import { RegionRpc } from './region-rpc.service.js';
import { onRegion, RpcApp } from './rpc-app.js';
import { Replication } from './replication/replication.js';
import { RpcInstance } from './instances/rpc-instance.js';
import { readRpcOptions } from './rpc-options.js';
import type { FlameRpcOptions, RpcConfig } from './rpc-options.js';
import { stableHandlers } from './stable-names.js';

/** The interface of a class that `forRootAsync` gets as `useClass` or `useExisting`. */
export interface FlameRpcOptionsFactory {
  /** Returns the options of `FlameRpcModule.forRoot`. */
  createFlameRpcOptions(): FlameRpcOptions | Promise<FlameRpcOptions>;
}

/** Options of `FlameRpcModule.forRootAsync`. */
export type FlameRpcAsyncOptions = AsyncOptions<FlameRpcOptions, FlameRpcOptionsFactory>;

const configToken = Symbol('nestjs-flame:rpc-config');
const log = new Logger('FlameRpc');

/**
 * Calls between the instances of an app, in other regions or in this one. Import it once, in the root module; it is global. It works with
 * or without `FlameModule`.
 *
 * The instance starts to listen after the app's hooks have run. When the app closes, the instance first announces this to its callers,
 * which then call other instances. It finishes the running calls before the app closes its database clients and other resources. In a
 * pool's runner it only makes calls, and does not listen.
 */
@Module({})
export class FlameRpcModule implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #config: RpcConfig;
  readonly #app: RpcApp;
  readonly #modules: ModulesContainer;
  readonly #creator: ExternalContextCreator;
  readonly #clock = new SystemClock();
  readonly #replication: Replication;
  #instance: RpcInstance | undefined;

  constructor(
    @Inject(configToken) config: RpcConfig,
    app: RpcApp,
    @Inject(nestTokens.ModulesContainer) modules: ModulesContainer,
    @Inject(nestTokens.ExternalContextCreator) creator: ExternalContextCreator,
    @Inject(nestTokens.ApplicationConfig) appConfig: ApplicationConfig,
    @Inject(nestTokens.HttpAdapterHost) adapterHost: HttpAdapterHost,
  ) {
    this.#config = config;
    this.#app = app;
    this.#modules = modules;
    this.#creator = creator;
    const { instance, myRegion, primaryRegion } = config;
    this.#replication = new Replication({ config, clock: this.#clock, log });
    app.locate({ instance, myRegion, primaryRegion }, this.#replication);
    if (config.exceptionFilter && !imported(modules, FlameModule)) FlameExceptionFilter.install({ config: appConfig, adapterHost });
  }

  /** @throws {FlameError} FLAME_CONFIG that names the option's path and the fix. */
  static forRoot(options: FlameRpcOptions = {}): DynamicModule {
    const config = readRpcOptions(options, 'FlameRpcModule.forRoot', process.env);
    return dynamicModule([{ provide: configToken, useFactory: () => config }]);
  }

  /** The same as `forRoot`, with options from a factory. */
  static forRootAsync(options: FlameRpcAsyncOptions): DynamicModule {
    const config = asyncOptions(options, {
      path: 'FlameRpcModule.forRootAsync',
      method: 'createFlameRpcOptions',
      token: configToken,
      read: (result, source) => readRpcOptions(result, source, process.env),
    });
    return dynamicModule(config, options.imports);
  }

  /** @internal Nest calls it. */
  onModuleInit(): void {
    refuseSecond(this.#modules);
    const found = findHandlers(onRegion, this.#modules, this.#app, this.#config.handlers);
    const handlers = stableHandlers(found.handlers, this.#modules, this.#config.handlers);
    const index = new HandlerIndex(handlers, [], enhanceWith(this.#creator));
    const clock = this.#clock;
    this.#replication.check(found.handlers);
    this.#instance = new RpcInstance(this.#config, index, this.#replication, clock, log);
    const { calls, listeners } = this.#instance;
    const { instance, timeout, tracing: tracer } = this.#config;
    this.#app.open({ index, calls, inPlace: { instance, clock, listeners, tracer, timeout } });
    beforeDestroy(this.#modules, 'callers', () => this.#instance?.drain());
  }

  /** @internal Nest calls it. */
  async onApplicationBootstrap(): Promise<void> {
    if (FlameParent.get() === null) await this.#instance?.start();
  }

  /** @internal Nest calls it. */
  async onApplicationShutdown(): Promise<void> {
    await this.#instance?.close();
  }
}

function dynamicModule(config: Provider[], imports: ModuleMetadata['imports'] = []): DynamicModule {
  return overridable({
    module: FlameRpcModule,
    global: true,
    imports,
    providers: [...config, ...nestProviders(), RpcApp, RegionRpc],
    exports: [RpcApp, RegionRpc],
  });
}

function refuseSecond(modules: ModulesContainer): void {
  const count = imported(modules, FlameRpcModule);
  if (count > 1)
    throw badOption('FlameRpcModule', `is imported ${count} times with different options`, 'Import it once, in the root module.');
}

/** How often a module is imported. */
function imported(modules: ModulesContainer, type: Function): number {
  return [...modules.values()].filter(({ metatype }) => metatype === type).length;
}
