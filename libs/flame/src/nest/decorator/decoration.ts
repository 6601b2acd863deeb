import { Inject, Optional } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { FlameError } from '../../core/errors/flame-error.js';
import type { OptionReader } from '../../core/options/option-reader.js';
import { badOption } from '../../core/options/option-reader.js';
import type { IfRefused, RefusedMethod } from './refused-method.js';
import { methodName } from './declaration.js';
import type { Declaration, Declarations, Method } from './declaration.js';
import { flameReturns, returnsOf, sayWhatItReturns } from './returns.js';
import type { FlameReturns } from './returns.js';

/** Sends the calls of decorated methods elsewhere, for one Nest app. */
export interface Dispatcher<D extends Declaration> {
  /** Whether decorated methods run where they are called. */
  readonly runsInPlace: boolean;
  /** Makes a decorated method's call elsewhere. Returns a promise or a stream, as the method does. */
  dispatch(instance: object, declaration: D, args: unknown[]): unknown;
}

/**
 * A decorator for methods that take `A` and return `R`. The first signature is that of methods that cannot run elsewhere, for the text of
 * the type error. In a generic class nobody knows this of a parameter of type `T`, so TypeScript takes the second signature.
 */
export interface MethodReturning<R, A extends unknown[] = never[]> {
  <M extends (...args: never[]) => unknown>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & IfRefused<M, R>,
  ): RefusedMethod<M, R>;
  <M extends (...args: A) => R>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): TypedPropertyDescriptor<M> | void;
}

/** A method and its metadata when its decorator runs. */
export interface DecoratedMethod {
  readonly key: string | symbol;
  readonly method: Method;
  /** The class of its return type, from decorator metadata. */
  readonly type: unknown;
  /** `Class.method`, for people. */
  readonly label: string;
}

/**
 * The common part of the decorators that run a method elsewhere. It keeps a declaration with the class, and wraps the method so that it
 * finds the app of its instance when it is called, whatever the instance's scope. A weak map holds the app of each instance, so several
 * apps in one process are apart.
 */
export class Decoration<App extends Dispatcher<D>, D extends Declaration> {
  /** The decorator's name. */
  readonly name: string;
  readonly #appType: Type<App>;
  readonly #apps = new WeakMap<object, App>();
  readonly declarations: Declarations<D>;
  readonly #app: symbol;

  constructor(name: string, declarations: Declarations<D>, appType: Type<App>) {
    this.name = name;
    this.#appType = appType;
    this.declarations = declarations;
    this.#app = Symbol(`nestjs-flame:${name}:app`);
  }

  /** The app of this instance; undefined if no app with a FlameModule made it. */
  appOf(instance: object): App | undefined {
    return this.#apps.get(instance);
  }

  bind(app: App, instance: object): void {
    this.#apps.set(instance, app);
  }

  /** The decorator; `read` checks its options. */
  decorate<M>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
    read: (found: DecoratedMethod) => D,
  ): TypedPropertyDescriptor<M> {
    const label = typeof target === 'function' ? `${target.name}.${String(key)}` : methodName(target, key);
    const method = descriptor?.value as Method | undefined;
    if (typeof target === 'function' || typeof method !== 'function') {
      throw new FlameError(
        'FLAME_CONFIG',
        `@${this.name} on ${label} needs an instance method. Move it to a method that is neither static nor an accessor.`,
      );
    }
    const declaration = read({ key, method, type: Reflect.getMetadata('design:returntype', target, key), label });
    // Kept with the prototype: a decorator above that replaces the method cannot lose it.
    this.declarations.add(target, declaration);
    this.#bindInstancesOf(target);
    descriptor.value = this.#wrap(declaration) as unknown as typeof descriptor.value;
    return descriptor;
  }

  /** The method that callers see. It looks up the app when it is called, because the instance has none before Nest has injected it. */
  #wrap(declaration: D): Method {
    const { method } = declaration;
    const apps = this.#apps;
    const wrapper = function (this: object, ...args: unknown[]): unknown {
      const app = apps.get(this);
      return app === undefined || app.runsInPlace ? method.apply(this, args) : app.dispatch(this, declaration, args);
    };
    Object.defineProperty(wrapper, 'name', { value: method.name, configurable: true });
    Object.defineProperty(wrapper, 'length', { value: method.length, configurable: true });
    // What decorators below have set. A copy, because tools such as @nestjs/observe take a function with a prototype of its own for an object.
    for (const key of Reflect.getMetadataKeys(method)) Reflect.defineMetadata(key, Reflect.getMetadata(key, method), wrapper);
    return wrapper;
  }

  /**
   * Lets Nest's property injection bind each instance to its app, whatever its scope. The property is an accessor: instances get no own
   * property, and frozen ones work, too.
   */
  #bindInstancesOf(prototype: object): void {
    if (this.#app in prototype) return;
    const apps = this.#apps;
    const appType = this.#appType;
    Object.defineProperty(prototype, this.#app, {
      set(this: object, app: unknown) {
        // A test's `useMocker` may inject a mock here.
        if (app instanceof appType) apps.set(this, app);
      },
    });
    Inject(appType)(prototype, this.#app);
    Optional()(prototype, this.#app);
  }
}

/** The option `returns`, or the kind that the method's code and type show. */
export function readReturns(read: OptionReader, { method, type, label }: DecoratedMethod): FlameReturns | undefined {
  if (read.raw('returns') !== undefined) return read.choice('returns', flameReturns, 'promise');
  const returns = returnsOf(method, type);
  // For an interface, decorator metadata contains only `Object`.
  if (returns === undefined && type === Object)
    throw badOption(read.path, 'has a return type that does not exist at run time', sayWhatItReturns(label));
  return returns;
}
