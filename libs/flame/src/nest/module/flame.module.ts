import { Inject, Module } from '@nestjs/common';
import type {
  DynamicModule,
  ModuleMetadata,
  NestModule,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  OnModuleInit,
  Provider,
} from '@nestjs/common';
import type { ApplicationConfig, ExternalContextCreator, HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { AppBuild } from '../../backends/launch/app-build.js';
import { underTest } from '../../backends/launch/under-test.js';
import { badOption } from '../../core/options/option-reader.js';
import { Sealed } from '../../core/sealed.js';
import { asyncOptions } from './async-options.js';
import type { AsyncOptions } from './async-options.js';
import { beforeDestroy } from './before-destroy.js';
import { caughtAmong } from '../handlers/caught-errors.js';
import { doctorRequest } from '../runner/doctor-request.js';
import { enhanceWith } from '../handlers/enhancers.js';
import { FlameApp } from './flame-app.js';
import { FlameHealthIndicator } from './flame-health.js';
import { FlameExceptionFilter } from './exception-filter.js';
import { exploreHandlers } from '../handlers/flame.explorer.js';
import { featureModule, featureToken, poolProviders, withFeaturePools } from './feature-pools.js';
import { readFlameOptions, readPools } from './flame-options.js';
import type { FlameConfig, FlameModuleOptions, FlamePoolOptions } from './flame-options.js';
import { FlameParent } from './flame-parent.js';
import { Flame } from '../flame/flame.service.js';
import { lostContext } from './lost-context.js';
import { nestLog } from '../log/nest-log.js';
import { nestProviders, nestTokens } from './nests.js';
import { overridable } from './overridable.js';
import { compareNames, readNames } from './pool-names.js';
import { PoolSet } from './pool-set.js';
import { RequestLink } from '../flame/request-link.js';
import { runnerProcess } from '../runner/runner-process.js';

/** What a factory of `forRootAsync` returns: the list of pools, or the module's options with that list as `pools`. */
export type FlameAsyncResult = FlamePoolOptions[] | (FlameModuleOptions & { pools: FlamePoolOptions[] });

/** The interface of the classes that `forRootAsync` takes as `useClass` or `useExisting`. */
export interface FlameOptionsFactory {
  /** Returns the pools, or the module's options with the pools in it. */
  createFlameOptions(): FlameAsyncResult | Promise<FlameAsyncResult>;
}

/** Options of `FlameModule.forRootAsync`. */
export interface FlameModuleAsyncOptions extends AsyncOptions<FlameAsyncResult, FlameOptionsFactory> {
  /** The names of the pools. Nest needs them before the factory runs, to provide the pools for injection. */
  names: readonly string[];
}

/** The interface of the classes that `forFeatureAsync` takes as `useClass` or `useExisting`. */
export interface FlamePoolsFactory {
  /** Returns a pool for each of `names`. */
  createFlamePools(): FlamePoolOptions[] | Promise<FlamePoolOptions[]>;
}

/** Options of `FlameModule.forFeatureAsync`. */
export interface FlameFeatureAsyncOptions extends AsyncOptions<FlamePoolOptions[], FlamePoolsFactory> {
  /** The names of the pools. Nest needs them before the factory runs, to provide the pools for injection. */
  names: readonly string[];
}

const configToken = Symbol('nestjs-flame:config');
const buildToken = Symbol('nestjs-flame:build');

/**
 * Runs an app's decorated methods on pools of runners. Import it once, in the root module; it is global.
 *
 * In a parent it finds the handlers when the app is initialised, boots the `min` runners before the app counts as started, and drains the
 * pools in `onApplicationShutdown`. In a runner it attaches to the parent instead: `NestFactory.createApplicationContext()`, `app.init()`
 * and `app.listen()` open no port there and never resolve, so that code after them runs in parents only.
 */
@Module({})
export class FlameModule implements NestModule, OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #config: FlameConfig;
  readonly #app: FlameApp;
  readonly #modules: ModulesContainer;
  readonly #adapterHost: HttpAdapterHost;
  readonly #creator: ExternalContextCreator;
  readonly #moduleRef: ModuleRef;
  readonly #requestLink: RequestLink | undefined;
  readonly #build: AppBuild | undefined;
  #pools: PoolSet | undefined;

  constructor(
    @Inject(configToken) sealed: Sealed<FlameConfig>,
    app: FlameApp,
    @Inject(nestTokens.ModulesContainer) modules: ModulesContainer,
    @Inject(nestTokens.HttpAdapterHost) adapterHost: HttpAdapterHost,
    @Inject(nestTokens.ExternalContextCreator) creator: ExternalContextCreator,
    @Inject(nestTokens.ModuleRef) moduleRef: ModuleRef,
    @Inject(nestTokens.ApplicationConfig) appConfig: ApplicationConfig,
    @Inject(buildToken) build: { read: AppBuild | undefined },
  ) {
    this.#moduleRef = moduleRef;
    const config = sealed.open();
    this.#config = config;
    this.#app = app;
    this.#modules = modules;
    this.#adapterHost = adapterHost;
    this.#creator = creator;
    runnerProcess()?.prepare(modules, adapterHost.httpAdapter);
    this.#build = build.read;
    if (config.linkToRequest && !app.inRunner) this.#requestLink = new RequestLink();
    if (config.exceptionFilter && !app.inRunner)
      FlameExceptionFilter.install({ config: appConfig, adapterHost, caller: this.#requestLink?.caller });
  }

  /**
   * @param pools the app's pools, each with a name of its own
   * @param options options of all of them
   * @throws {FlameError} FLAME_CONFIG that names the option's path and the fix.
   */
  static forRoot(pools: FlamePoolOptions[], options: FlameModuleOptions = {}): DynamicModule {
    const config = readFlameOptions(pools, options, 'FlameModule.forRoot');
    return dynamicModule(
      [{ provide: configToken, useFactory: () => new Sealed(config) }],
      config.pools.map(({ name }) => name),
      readBuild(config),
    );
  }

  /** The same with options from a factory, which returns a pool for each of `names`. */
  static forRootAsync(options: FlameModuleAsyncOptions): DynamicModule {
    const path = 'FlameModule.forRootAsync';
    const names = readNames(options, path);
    const config = asyncOptions(options, {
      path,
      method: 'createFlameOptions',
      token: configToken,
      others: ['names'],
      read: (result, source) => new Sealed(readAsync(result as FlameAsyncResult | undefined, names, source)),
    });
    return dynamicModule(config, names, underTest() ? undefined : AppBuild.read(), options.imports);
  }

  /**
   * Adds pools of a feature module, which imports this; the pools can be injected there. They use the options of `forRoot`, such as its
   * backend. Any module's handlers may run on them.
   *
   * @throws {FlameError} FLAME_CONFIG that names the option's path and the fix; for a name that another pool has, when the app starts.
   */
  static forFeature(pools: FlamePoolOptions[]): DynamicModule {
    const path = 'FlameModule.forFeature';
    const feature = { pools: readPools(pools, `${path} pools`), path };
    const names = feature.pools.map(({ name }) => name);
    return overridable(featureModule([{ provide: featureToken, useFactory: () => new Sealed(feature) }], names), FlameModule);
  }

  /** The same with pools from a factory, which returns one for each of `names`. */
  static forFeatureAsync(options: FlameFeatureAsyncOptions): DynamicModule {
    const path = 'FlameModule.forFeatureAsync';
    const names = readNames(options, path);
    const config = asyncOptions(options, {
      path,
      method: 'createFlamePools',
      token: featureToken,
      others: ['names'],
      read: (result, source) => {
        const pools = readPools(result, `${source} pools`);
        compareNames(pools, names, path, source);
        return new Sealed({ pools, path: source });
      },
    });
    return overridable(featureModule(config, names, options.imports), FlameModule);
  }

  /** Registers the middleware of `linkToRequest` before any other, for every path, whatever the global prefix. */
  configure(): void {
    if (this.#requestLink) this.#adapterHost.httpAdapter.use(this.#requestLink.middleware);
  }

  /** @internal Nest calls it. */
  async onModuleInit(): Promise<void> {
    refuseSecond(this.#modules);
    const config = withFeaturePools(this.#config, this.#modules);
    const { pools, handlers } = config;
    const wanted = {
      pools: pools.map(({ name }) => name),
      classes: handlers,
      log: this.#app.inRunner ? undefined : nestLog,
    };
    const index = exploreHandlers(this.#modules, this.#app, wanted, enhanceWith(this.#creator));
    this.#pools = new PoolSet(config, index, this.#app.inRunner, {
      build: this.#build ?? readBuild(config),
      caller: this.#requestLink?.caller,
      findCaught: (lost) => caughtAmong(lost, this.#modules, this.#moduleRef),
    });
    const info = FlameParent.get();
    const request = doctorRequest();
    if (request && !info) await (await import('../runner/doctor.js')).runDoctor(this.#pools, request);
    if (info) {
      const idleCheck = pools.find(({ name }) => name === info.pool)?.idleCheck;
      const { manifest, codec } = this.#pools;
      const adapter = this.#adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
      runnerProcess()?.adopt(this.#app, {
        table: this.#pools.table,
        manifest,
        codec,
        idleCheck,
        context: config.context,
        tracer: config.tracing,
        modules: this.#modules,
        pools: wanted.pools,
        healthPort: config.ops?.runnerPort,
        adapter,
      });
    } else {
      const lost = lostContext(this.#modules, config);
      if (lost !== undefined) nestLog.warn(lost);
      await this.#pools.prepare();
    }
    const { pools: open, castFailed, inPlace } = this.#pools;
    this.#app.open({ index, pools: open, castFailed, inPlace });
    beforeDestroy(this.#modules, 'runners', () => this.#pools?.closeLocal());
  }

  /** @internal Nest calls it. */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.#app.inRunner) await this.#pools?.start();
  }

  /** @internal Nest calls it. */
  async onApplicationShutdown(): Promise<void> {
    runnerProcess()?.appClosed(this.#app);
    await this.#pools?.close();
  }
}

/** `build` is the app's, if it is known that runners must match it. It is read as early as possible: its files may change from then on. */
function dynamicModule(
  config: Provider[],
  names: readonly string[],
  build: AppBuild | undefined,
  imports: ModuleMetadata['imports'] = [],
): DynamicModule {
  // Before the app is made: in a runner this changes methods of Nest's classes.
  runnerProcess();
  const pools = poolProviders(names);
  return overridable({
    module: FlameModule,
    global: true,
    imports,
    providers: [
      ...config,
      { provide: buildToken, useFactory: () => ({ read: build }) },
      ...nestProviders(),
      FlameApp,
      Flame,
      FlameHealthIndicator,
      ...pools,
    ],
    exports: [FlameApp, Flame, FlameHealthIndicator, ...pools.map(({ provide }) => provide)],
  });
}

/** The app's build; undefined if all runners live in this process, and under a test runner, whose script is not the app. */
function readBuild({ pools, backend }: FlameConfig): AppBuild | undefined {
  const local = pools.every(({ backend: own = backend }) => own.reach === 'memory') && !FlameParent.get();
  return local || underTest() ? undefined : AppBuild.read();
}

function readAsync(result: FlameAsyncResult | undefined, names: readonly string[], source: string): FlameConfig {
  const path = 'FlameModule.forRootAsync';
  const { pools = undefined, ...options } = Array.isArray(result) ? { pools: result } : { ...result };
  const config = readFlameOptions(pools, options, source);
  compareNames(config.pools, names, path, source);
  return config;
}

function refuseSecond(modules: ModulesContainer): void {
  const count = [...modules.values()].filter(({ metatype }) => metatype === FlameModule).length;
  if (count > 1)
    throw badOption(
      'FlameModule',
      `is imported ${count} times with different options`,
      'Import it once, in the root module. Feature modules add pools with FlameModule.forFeature.',
    );
}
