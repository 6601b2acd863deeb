import type { FactoryProvider, ModuleMetadata, Provider, Type } from '@nestjs/common';
import { badOption, OptionReader, show } from '../../core/options/option-reader.js';

/**
 * The source of a module's options at run time: exactly one of `useFactory`, `useClass` and `useExisting`. `Factory` is the interface of
 * the class of the last two.
 */
export interface AsyncOptions<Options, Factory> extends Pick<ModuleMetadata, 'imports'> {
  /** Returns the options. Its arguments are the providers that `inject` names. */
  useFactory?: (...deps: any[]) => Options | Promise<Options>;
  /**
   * Tokens of the factory's arguments: global providers, or exports of a module in `imports`.
   *
   * @default []
   */
  inject?: FactoryProvider['inject'];
  /** A class whose method returns the options. The module makes an instance; its dependencies come from `imports`. */
  useClass?: Type<Factory>;
  /** The token of an existing provider of that interface: global, or exported by a module in `imports`. */
  useExisting?: Type<Factory> | string | symbol;
}

/** The module whose options are read. */
export interface AsyncModule<Config> {
  /** The function that takes the options, for error messages. */
  readonly path: string;
  /** The name of the method that returns the options, for `useClass` and `useExisting`. */
  readonly method: string;
  /** The token under which the checked options are provided. */
  readonly token: symbol;
  /** Further options of that function. */
  readonly others?: readonly string[];
  /** Checks the options; `source` names the function that returned them. */
  readonly read: (options: unknown, source: string) => Config;
}

const sources = ['useFactory', 'useClass', 'useExisting'] as const;

/**
 * The providers that give a module its options.
 *
 * @throws {FlameError} FLAME_CONFIG when there is not exactly one source of them, or an option that does not exist.
 */
export function asyncOptions<Config>(options: AsyncOptions<unknown, object>, module: AsyncModule<Config>): Provider[] {
  const { path, method, token, others = [], read } = module;
  const reader = new OptionReader(options, path);
  const given = sources.filter((source) => reader.raw(source) !== undefined);
  for (const other of ['inject', 'imports', ...others]) reader.raw(other);
  reader.done();
  if (given.length !== 1)
    throw badOption(
      path,
      given.length > 1 ? `has ${given.join(' and ')}` : `has no ${sources.join(', ')}`,
      'Pass exactly one of them; if a class is undefined here, look for a circular import.',
    );
  const { useClass, useExisting, inject = [] } = options;
  const useFactory = reader.hook<(...deps: unknown[]) => unknown>('useFactory');
  if (useFactory) {
    const fromFunction = async (...deps: unknown[]): Promise<Config> => read(await useFactory(...deps), `${path} useFactory()`);
    return [{ provide: token, inject, useFactory: fromFunction }];
  }
  const fromMethod = async (factory: Record<string, () => unknown>): Promise<Config> => {
    if (typeof factory?.[method] === 'function') return read(await factory[method](), `${path} ${given[0]}.${method}()`);
    throw badOption(`${path}.${given[0]}`, `has no method ${method}(), but is ${show(factory)}`, 'Add it; it returns the options.');
  };
  const config: Provider = { provide: token, inject: [(useClass ?? useExisting)!], useFactory: fromMethod };
  if (useExisting) return [config];
  reader.hook('useClass');
  return [config, { provide: useClass!, useClass: useClass! }];
}
