import * as common from '@nestjs/common';
import type { FactoryProvider } from '@nestjs/common';
import * as core from '@nestjs/core';
import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import { loadedNests } from '../../library.js';

/** What this library injects of Nest's own. */
const names = ['ApplicationConfig', 'ExternalContextCreator', 'HttpAdapterHost', 'ModuleRef', 'ModulesContainer'] as const;

/**
 * Under these tokens an app gives what is Nest's, whichever Nest made the app. Nest's own tokens are its classes: after `jest.resetModules()` the
 * app's classes are not those that this library has imported.
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

/** Nest's way into a module of the app. */
export function moduleRefOf(module: ModulesContainer extends Map<string, infer M> ? M : never): ModuleRef {
  const wrappers = cores().map((nest) => module.providers.get(nest.ModuleRef));
  return wrappers.find((wrapper) => wrapper !== undefined)!.instance as ModuleRef;
}

/** Nest as the newest app has it. */
export function newestCommon(): typeof common {
  return ([...loadedNests().values()].at(-1) as typeof common | undefined) ?? common;
}

function cores(): (typeof core)[] {
  const loaded = [...loadedNests().keys()] as (typeof core)[];
  return loaded.length > 0 ? loaded : [core];
}
