import type { ArgumentsHost } from '@nestjs/common';
import type { ContextId, ExternalContextCreator } from '@nestjs/core';
import { FlameCall } from '../../runner/executor/flame-call.js';
import type { Method } from '../decorator/declaration.js';
import { flameEnhancers } from './flame-enhancer.js';
import type { FlameEnhancer } from './flame-enhancer.js';
import type { ProviderHome } from './provider-home.js';
import type { FlameReturns } from '../decorator/returns.js';

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

/** Runs `method`, and has the metadata of `shown`: guards and reflectors look for it on the function that they are given. */
function standIn(method: Method, shown: Method): Method {
  const callback = function (this: object, ...args: unknown[]): unknown {
    return method.apply(this, args);
  };
  Object.defineProperty(callback, 'name', { value: shown.name, configurable: true });
  return Object.setPrototypeOf(callback, shown) as Method;
}

/** What of Nest's creator hands an ExecutionContext to guards, interceptors and filters. */
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
 * The same creator, of whose contexts `switchToHttp()` gives the call. Nest would give the handler's first argument as the request: a guard that was
 * written for HTTP would find nothing there, or what a caller has put there. With @nestjs/core 11.2 and 12.5; enhancers.spec.ts fails when it changes.
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
