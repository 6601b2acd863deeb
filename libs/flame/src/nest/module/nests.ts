import * as common from '@nestjs/common';
import type { FactoryProvider } from '@nestjs/common';
import * as core from '@nestjs/core';
import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import { loadedNests } from '../../library.js';

/** The classes of Nest that this library injects. */
const names = ['ApplicationConfig', 'ExternalContextCreator', 'HttpAdapterHost', 'ModuleRef', 'ModulesContainer'] as const;

/**
 * Tokens for Nest's own providers that hold for whichever copy of Nest made the app. Nest's tokens are its classes, and after
 * `jest.resetModules()` the app's copy of them is not the one that this library imported.
 */
export const nestTokens = Object.fromEntries(names.map((name) => [name, Symbol(`nestjs-flame:${name}`)])) as Record<
  (typeof names)[number],
  symbol
>;

export function nestProviders(): FactoryProvider[] {
  return names.map((name) => ({
    provide: nestTokens[name],
    inject: cores().map((nest) => ({ token: nest[name], optional: true })),
    useFactory: (...found: unknown[]) => found.find((instance) => instance !== undefined),
  }));
}

/** The ModuleRef of a module of the app. */
export function moduleRefOf(module: ModulesContainer extends Map<string, infer M> ? M : never): ModuleRef {
  const wrappers = cores().map((nest) => module.providers.get(nest.ModuleRef));
  return wrappers.find((wrapper) => wrapper !== undefined)!.instance as ModuleRef;
}

/** The copy of `@nestjs/common` of the app that was made last. */
export function newestCommon(): typeof common {
  return ([...loadedNests().values()].at(-1) as typeof common | undefined) ?? common;
}

function cores(): (typeof core)[] {
  const loaded = [...loadedNests().keys()] as (typeof core)[];
  return loaded.length > 0 ? loaded : [core];
}
