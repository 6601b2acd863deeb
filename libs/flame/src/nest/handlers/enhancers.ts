import type { ArgumentsHost } from '@nestjs/common';
import type { ContextId, ExternalContextCreator } from '@nestjs/core';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { flameEnhancers } from '../decorator/declaration.js';
import type { FlameEnhancer, Method } from '../decorator/declaration.js';
import type { ProviderHome } from './provider-home.js';
import type { FlameReturns } from '../decorator/returns.js';

/** A handler's method with its guards, interceptors and filters. */
export interface EnhancedMethod {
  readonly home: ProviderHome;
  readonly key: string | symbol;
  /** The method that runs. */
  readonly method: Method;
  /** The method on the class, with the metadata of decorators above and below `@OnFlame`. */
  readonly shown: Method;
  readonly enhancers: readonly FlameEnhancer[];
  readonly returns: FlameReturns | undefined;
}

/** Wraps a method with Nest's enhancers. */
export type Enhance = (method: EnhancedMethod) => (args: unknown[]) => Promise<unknown>;

/**
 * Wraps methods with Nest's own ExternalContextCreator: the enhancers of the method, of its class and the global ones, in Nest's order.
 * Interceptors get each item of an Observable, as in Nest, but another stream as a single value.
 */
export function enhanceWith(nest: ExternalContextCreator): Enhance {
  const creator = withoutRequests(nest);
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
      const context = home.context();
      return create(await home.resolve(context), context, home.id)(...args);
    };
  };
}

/** Runs `method` with the metadata of `shown`. Guards and reflectors read metadata from the function that they get. */
function standIn(method: Method, shown: Method): Method {
  const callback = function (this: object, ...args: unknown[]): unknown {
    return method.apply(this, args);
  };
  Object.defineProperty(callback, 'name', { value: shown.name, configurable: true });
  return Object.setPrototypeOf(callback, shown) as Method;
}

/** The parts of Nest's creator that make ExecutionContexts for guards, interceptors and filters. */
interface Hosting {
  readonly guardsConsumer: Creates;
  readonly interceptorsConsumer: Creates;
  readonly externalErrorProxy: { createProxy(target: unknown, filters: Filters, type: string): unknown };
}

interface Creates {
  createContext(...about: unknown[]): ArgumentsHost;
}

interface Filters {
  next(error: unknown, host: ArgumentsHost): unknown;
}

/**
 * The same creator, but `switchToHttp()` of its contexts returns the call. Nest would return the handler's first argument as the request,
 * and a guard written for HTTP would read data that the caller controls. Patches @nestjs/core 11.2 and 12.5; enhancers.spec.ts fails when
 * these internals change.
 */
function withoutRequests(creator: ExternalContextCreator): ExternalContextCreator {
  const { guardsConsumer, interceptorsConsumer, externalErrorProxy } = creator as unknown as Hosting;
  const creating = (consumer: Creates): Creates =>
    Object.create(consumer, {
      createContext: { value: (...about: unknown[]) => withoutRequest(consumer.createContext(...about)) },
    }) as Creates;
  const createProxy = (target: unknown, filters: Filters, type: string): unknown =>
    externalErrorProxy.createProxy(target, { next: (error, host) => filters.next(error, withoutRequest(host)) }, type);
  return Object.create(creator, {
    guardsConsumer: { value: creating(guardsConsumer) },
    interceptorsConsumer: { value: creating(interceptorsConsumer) },
    externalErrorProxy: { value: { createProxy } },
  }) as ExternalContextCreator;
}

function withoutRequest<T extends ArgumentsHost>(host: T): T {
  const call = FlameCall.current();
  const give = (): unknown => call;
  return Object.assign(host, { switchToHttp: () => Object.assign(host, { getRequest: give, getResponse: give, getNext: give }) });
}
