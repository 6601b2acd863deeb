import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import { prototypesOf } from '../decorator/declaration.js';

/**
 * Nest's metadata keys for the filters of a class or method, and for the classes that a filter catches. They are repeated here because
 * Nest's module of constants cannot be required in Jest.
 */
const filtersMetadata = '__exceptionFilters__';
const caughtMetadata = '__filterCatchExceptions__';

/** A class of errors that a filter of the app catches, and the filter's name. */
export interface CaughtError {
  readonly type: Function;
  readonly filter: string;
}

/**
 * Finds a filter whose `@Catch(…)` names one of these classes: among providers, the filters of controllers, and the global filters. `lost`
 * are the prototypes that an error had where it was thrown, but does not have where it arrives.
 */
export function caughtAmong(lost: readonly object[], modules: ModulesContainer, moduleRef: ModuleRef): CaughtError | undefined {
  for (const filter of filtersOf(modules, moduleRef)) {
    const types = (Reflect.getMetadata(caughtMetadata, filter) as Function[] | undefined) ?? [];
    const type = types.find((caught) => typeof caught === 'function' && lost.includes(caught.prototype as object));
    if (type) return { type, filter: filter.name };
  }
  return undefined;
}

function* filtersOf(modules: ModulesContainer, moduleRef: ModuleRef): Generator<Function> {
  for (const module of modules.values()) {
    for (const { metatype, instance } of [...module.providers.values(), ...module.injectables.values()])
      yield* classOf(metatype ?? instance);
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      const methods = prototypesOf(metatype.prototype as object).flatMap((level) => Object.values(Object.getOwnPropertyDescriptors(level)));
      for (const target of [metatype, ...methods.map(({ value }) => value as unknown)]) {
        if (typeof target !== 'function') continue;
        for (const filter of (Reflect.getMetadata(filtersMetadata, target) as unknown[] | undefined) ?? []) yield* classOf(filter);
      }
    }
  }
  // Filters of `app.useGlobalFilters()` are in the app's configuration, which Nest's container holds.
  const { container } = moduleRef as unknown as { container?: { applicationConfig?: { getGlobalFilters?: () => unknown[] } } };
  for (const filter of container?.applicationConfig?.getGlobalFilters?.() ?? []) yield* classOf(filter);
}

function* classOf(filter: unknown): Generator<Function> {
  if (typeof filter === 'function') yield filter;
  else if (typeof filter === 'object' && filter !== null && typeof filter.constructor === 'function') yield filter.constructor;
}
