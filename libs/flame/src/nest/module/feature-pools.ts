import { Inject, Module } from '@nestjs/common';
import type { DynamicModule, FactoryProvider, ModuleMetadata, Provider } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { FlameBackend } from '../../backends/backend.js';
import { badOption } from '../../core/options/option-reader.js';
import type { PoolConfig } from '../../core/options/pool-config.js';
import type { Sealed } from '../../core/sealed.js';
import { getPoolToken } from '../decorator/inject-pool.decorator.js';
import { FlamePool } from '../flame/flame-pool.js';
import { FlameApp } from './flame-app.js';
import type { FlameConfig } from './flame-options.js';

/** The pools that one `FlameModule.forFeature` names. */
export interface FeaturePools {
  readonly pools: readonly PoolConfig<FlameBackend>[];
  /** Where they were named, for error messages. */
  readonly path: string;
}

/** The token of a feature's `Sealed<FeaturePools>`. */
export const featureToken = Symbol('nestjs-flame:feature');

/** A feature's pools. Nest makes an instance for each `FlameModule.forFeature`; `FlameModule` collects them when it starts. */
@Module({})
export class FlameFeatureModule {
  readonly feature: FeaturePools;

  constructor(@Inject(featureToken) sealed: Sealed<FeaturePools>) {
    this.feature = sealed.open();
  }
}

/** The module of a feature. `config` provides its `featureToken`. */
export function featureModule(config: Provider[], names: readonly string[], imports: ModuleMetadata['imports'] = []): DynamicModule {
  const pools = poolProviders(names);
  return { module: FlameFeatureModule, imports, providers: [...config, ...pools], exports: pools.map(({ provide }) => provide) };
}

/** The providers of the pools of these names. */
export function poolProviders(names: readonly string[]): FactoryProvider[] {
  return names.map((name) => ({
    provide: getPoolToken(name),
    inject: [{ token: FlameApp, optional: true }],
    useFactory: (app?: FlameApp) => {
      if (app) return new FlamePool(name, app);
      throw badOption(
        'FlameModule.forFeature',
        `names the pool "${name}", but this app has no FlameModule.forRoot`,
        'Import FlameModule.forRoot([], { backend }) in the root module.',
      );
    },
  }));
}

/**
 * The module's options with the pools of all features. If the module's backend is for all pools, no other is kept.
 *
 * @throws {FlameError} FLAME_CONFIG when two pools have the same name.
 */
export function withFeaturePools(config: FlameConfig, modules: ModulesContainer): FlameConfig {
  const pools = [...config.pools];
  for (const { instance } of modules.values()) {
    if (!(instance instanceof FlameFeatureModule)) continue;
    for (const [index, pool] of instance.feature.pools.entries()) {
      if (pools.some(({ name }) => name === pool.name))
        throw badOption(
          `${instance.feature.path} pools[${index}].name`,
          `is "${pool.name}", as is that of another pool of the app`,
          'Use a different name for each pool, and import the same dynamic module where several modules use a pool.',
        );
      pools.push(pool);
    }
  }
  return { ...config, pools: config.backend.forAllPools ? pools.map((pool) => ({ ...pool, backend: undefined })) : pools };
}
