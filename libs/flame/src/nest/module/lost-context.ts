import type { ModulesContainer } from '@nestjs/core';
import { isNamed } from '../decorator/declaration.js';
import type { FlameConfig } from './flame-options.js';

/**
 * The warning of an app that has nestjs-cls, but carries nothing of its store to handlers, which find it empty; undefined for other apps. It
 * recognises the service by its class name, so that the package need not be installed. An empty list as the option `context` says that
 * handlers need nothing of it.
 */
export function lostContext(modules: ModulesContainer, { contextOmitted, pools }: FlameConfig): string | undefined {
  if (!contextOmitted || pools.length === 0) return undefined;
  for (const { providers } of modules.values()) {
    for (const { instance } of providers.values()) {
      if (typeof instance !== 'object' || instance === null || !isNamed(instance, 'ClsService')) continue;
      return "The app has nestjs-cls, but its store is empty in handlers: calls take nothing of the caller's context with them. Set FlameModule's option context to what handlers need of the store (docs/context.md), or to [] if they need nothing.";
    }
  }
  return undefined;
}
