import { ContextIdFactory } from '@nestjs/core';
import type { ContextId, ModuleRef, ModulesContainer } from '@nestjs/core';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { moduleRefOf } from '../module/nests.js';

/** Nest does not export these classes. */
export type NestModule = ModulesContainer extends Map<string, infer M> ? M : never;
export type NestWrapper = NestModule['providers'] extends Map<unknown, infer W> ? W : never;

/** A class, abstract or not, as the token of a service. */
export type Class<T = unknown> = abstract new (...args: never[]) => T;

/**
 * One provider or controller of the app, with the instances that its handlers run on.
 */
export class ProviderHome {
  /** The only instance. Undefined for request-scoped and transient providers, because each call gets a new instance. */
  readonly instance: object | undefined;
  readonly #wrapper: NestWrapper;
  readonly #module: NestModule;

  constructor(
    /** The prototype of its instances. */
    readonly prototype: object,
    wrapper: NestWrapper,
    module: NestModule,
  ) {
    this.#wrapper = wrapper;
    this.#module = module;
    this.instance = isShared(wrapper) ? (wrapper.instance as object) : undefined;
  }

  get token(): unknown {
    return this.#wrapper.token;
  }

  get module(): NestModule {
    return this.#module;
  }

  /**
   * The part of a handler's name that distinguishes this provider from others of its class: the module, and the token unless the token is
   * the class.
   */
  get qualifier(): string {
    const { token } = this.#wrapper;
    return token === this.prototype.constructor ? this.#module.metatype.name : `${this.#module.metatype.name}:${tokenText(token)}`;
  }

  /** Nest's id of the provider within a context. */
  get id(): string {
    return this.#wrapper.id;
  }

  /** A context for one call. */
  context(): ContextId {
    return callContext(this.#moduleRef, this.#wrapper.isDependencyTreeDurable());
  }

  /** Returns the instance of a context, as Nest does for a request. */
  async resolve(context: ContextId = this.context()): Promise<object> {
    return this.#moduleRef.resolve<object>(this.#wrapper.token as string, context, { strict: true });
  }

  get #moduleRef(): ModuleRef {
    return moduleRefOf(this.#module);
  }
}

/**
 * The providers and controllers whose class and token `wants` picks, in the order of the modules. An alias is not a provider of its own.
 *
 * @param made gets what the app's request-scoped factories make, when they make it
 */
export function homesAmong(
  modules: ModulesContainer,
  wants: (prototype: object, token: unknown) => boolean,
  made?: (instance: object) => void,
): ProviderHome[] {
  const homes: ProviderHome[] = [];
  const seen = new Set<object>();
  for (const module of modules.values()) {
    for (const wrapper of [...module.providers.values(), ...module.controllers.values()]) {
      if (wrapper.isAlias) continue;
      if (made && wrapper.inject && !isShared(wrapper)) watchFactory(wrapper, made);
      const prototype = prototypeOf(wrapper);
      if (!prototype || !wants(prototype, wrapper.token)) continue;
      const home = new ProviderHome(prototype, wrapper, module);
      // A factory that returns another provider's instance is an alias, too.
      if (home.instance && seen.has(home.instance)) continue;
      if (home.instance) seen.add(home.instance);
      homes.push(home);
    }
  }
  return homes;
}

/** Nest injects no properties into the results of factories. */
function watchFactory(wrapper: NestWrapper, made: (instance: object) => void): void {
  const factory = wrapper.metatype as (...deps: unknown[]) => unknown;
  wrapper.metatype = async (...deps: unknown[]) => {
    const result = await factory(...deps);
    if (typeof result === 'object' && result !== null) made(result);
    return result;
  };
}

/** Whether all calls share one instance. */
export function isShared(wrapper: NestWrapper): boolean {
  return !wrapper.isTransient && wrapper.isDependencyTreeStatic();
}

/**
 * The prototype of a provider's instances: of its instance, or of its class. For a factory that has not run yet, the prototype of the class
 * that is its token.
 */
export function prototypeOf(wrapper: NestWrapper): object | undefined {
  if (isShared(wrapper)) {
    const instance: unknown = wrapper.instance;
    return typeof instance === 'object' && instance !== null
      ? ((Object.getPrototypeOf(instance) as object | null) ?? undefined)
      : undefined;
  }
  const type: unknown = wrapper.inject ? wrapper.token : wrapper.metatype;
  return typeof type === 'function' ? (type.prototype as object | undefined) : undefined;
}

function tokenText(token: unknown): string {
  if (typeof token === 'function') return token.name;
  return typeof token === 'symbol' ? (token.description ?? '') : String(token);
}

/**
 * The context in which Nest makes the providers of one call. It corresponds to a request's context. The app's `ContextIdStrategy` chooses
 * it. The strategy runs within the context that came with the call, so durable providers are made once for each tenant. The payload of the
 * context is the `REQUEST` of a durable tree. For other providers, the payload is added to the call.
 */
export function callContext(moduleRef: ModuleRef, durable: boolean): ContextId {
  const call = FlameCall.current();
  const context = ContextIdFactory.getByRequest(call as unknown as Record<string, string>);
  const { getParent, payload } = context as { getParent?: unknown; payload?: unknown };
  const request = durable && getParent !== undefined ? payload : call && Object.assign(call, payload);
  moduleRef.registerRequestByContextId(request, context);
  return context;
}
