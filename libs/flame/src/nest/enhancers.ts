import { ContextIdFactory } from '@nestjs/core';
import type { ContextId, ExternalContextCreator } from '@nestjs/core';
import type { Method } from './declaration.js';
import { flameEnhancers } from './flame-enhancer.js';
import type { FlameEnhancer } from './flame-enhancer.js';
import type { ProviderHome } from './provider-home.js';
import type { FlameReturns } from './returns.js';

/** A handler's method with what is to run around it. */
export interface EnhancedMethod {
  readonly home: ProviderHome;
  readonly key: string | symbol;
  /** What runs. */
  readonly method: Method;
  /** The method as the class shows it: decorators above and below `@OnFlame` have put their metadata on it. */
  readonly shown: Method;
  readonly enhancers: readonly FlameEnhancer[];
  readonly returns: FlameReturns | undefined;
}

/** Gives a method that Nest's enhancers run around. */
export type Enhance = (method: EnhancedMethod) => (args: unknown[]) => Promise<unknown>;

/**
 * Enhances with Nest's own means: those of the method, of its class and the global ones, in Nest's order. Of an Observable's items interceptors
 * see each, as in Nest; other streams they see whole.
 */
export function enhanceWith(creator: ExternalContextCreator): Enhance {
  const streaming = Object.create(creator, { transformToResult: { value: (result: unknown) => result } }) as ExternalContextCreator;
  return ({ home, key, method, shown, enhancers, returns }) => {
    const callback = standIn(method, shown);
    const options = Object.fromEntries(flameEnhancers.map((enhancer) => [enhancer, enhancers.includes(enhancer)]));
    const create = (instance: object, context?: ContextId, inquirer?: string): ((...args: unknown[]) => Promise<unknown>) =>
      (returns === 'observable' ? streaming : creator).create(
        instance as Record<string, unknown>,
        callback,
        key as string,
        undefined,
        undefined,
        context,
        inquirer,
        options,
        'flame',
      );
    if (home.instance) {
      const run = create(home.instance);
      return (args) => run(...args);
    }
    return async (args) => {
      const context = ContextIdFactory.create();
      return create(await home.resolve(context), context, home.id)(...args);
    };
  };
}

/** Runs `method`, and has the metadata of `shown`: guards and reflectors look for it on the function that they are given. */
function standIn(method: Method, shown: Method): Method {
  const callback = function (this: object, ...args: unknown[]): unknown {
    return method.apply(this, args);
  };
  Object.defineProperty(callback, 'name', { value: shown.name, configurable: true });
  return Object.setPrototypeOf(callback, shown) as Method;
}
