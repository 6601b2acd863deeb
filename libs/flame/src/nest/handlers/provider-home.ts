import type { ContextId, ModuleRef, ModulesContainer } from '@nestjs/core';
import { callContext } from '../flame/call-context.js';
import { moduleRefOf } from '../module/nests.js';

/** Nest does not export these classes' names. */
export type NestModule = ModulesContainer extends Map<string, infer M> ? M : never;
export type NestWrapper = NestModule['providers'] extends Map<unknown, infer W> ? W : never;

/** A class, abstract ones included: what a service is asked for by. */
export type Class<T = unknown> = abstract new (...args: never[]) => T;

/**
 * One provider, or controller, of the app: where a handler finds the instance that it runs on.
 */
export class ProviderHome {
  /** The one instance, undefined where each call gets its own (request-scoped and transient providers). */
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

  /** Tells it from other providers of the same class. */
  get qualifier(): string {
    const { token } = this.#wrapper;
    return token === this.prototype.constructor ? this.#module.metatype.name : `${this.#module.metatype.name}:${tokenText(token)}`;
  }

  /** By which Nest finds what belongs to it in a context. */
  get id(): string {
    return this.#wrapper.id;
  }

  /** A context for one call. */
  context(): ContextId {
    return callContext(this.#moduleRef, this.#wrapper.isDependencyTreeDurable());
  }

  /** Gives the instance of a context, as Nest does for a request. */
  async resolve(context: ContextId = this.context()): Promise<object> {
    return this.#moduleRef.resolve<object>(this.#wrapper.token as string, context, { strict: true });
  }

  get #moduleRef(): ModuleRef {
    return moduleRefOf(this.#module);
  }
}

/** Whether there is one instance for all. */
export function isShared(wrapper: NestWrapper): boolean {
  return !wrapper.isTransient && wrapper.isDependencyTreeStatic();
}

/**
 * The prototype of the instances that a provider gives: of its instance, of its class, or, for a factory that has not run yet, of the
 * class that it is provided under.
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
