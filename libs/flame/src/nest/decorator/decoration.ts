import { Inject, Optional } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { FlameError } from '../../core/errors/flame-error.js';
import type { OptionReader } from '../../core/options/option-reader.js';
import { badOption } from '../../core/options/option-reader.js';
import { methodName } from './declaration.js';
import type { Declaration, Declarations, Method } from './declaration.js';
import { flameReturns, returnsOf, sayWhatItReturns } from './returns.js';
import type { FlameReturns } from './returns.js';

/** One Nest app as the methods of one decorator see it. */
export interface Dispatcher<D extends Declaration> {
  /** Whether decorated methods simply run now, where they are called. */
  readonly runsInPlace: boolean;
  /** Makes a decorated method's call elsewhere, and gives what the method's type promises. */
  dispatch(instance: object, declaration: D, args: unknown[]): unknown;
}

/** Accepts only methods that return `R`, and take `A`. */
export type MethodReturning<R, A extends unknown[] = never[]> = <M extends (...args: A) => R>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => TypedPropertyDescriptor<M> | void;

/** A method as a decorator finds it. */
export interface DecoratedMethod {
  readonly key: string | symbol;
  readonly method: Method;
  /** The class of its return type, as the compiler wrote it down. */
  readonly type: unknown;
  /** `Class.method`, for people. */
  readonly label: string;
}

/**
 * What the decorators that run a method elsewhere have in common: they keep a declaration with the class, and wrap the method so that it finds its
 * app when it is called, whatever the scope of its instance. Which app an instance belongs to is known by instance, and weakly: apps in one
 * process never see each other.
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

  /** The app that made this instance; undefined where no module was around. */
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
        `@${this.name} on ${label} needs a method of instances. Move it to a method that is neither static nor an accessor.`,
      );
    }
    const declaration = read({ key, method, type: Reflect.getMetadata('design:returntype', target, key), label });
    // With the prototype, where a decorator above that replaces the method cannot lose it.
    this.declarations.add(target, declaration);
    this.#bindInstancesOf(target);
    descriptor.value = this.#wrap(declaration) as unknown as typeof descriptor.value;
    return descriptor;
  }

  /** The method that callers see. It finds its app when it is called: by then the instance has one, whatever its scope. */
  #wrap(declaration: D): Method {
    const { method } = declaration;
    const apps = this.#apps;
    const wrapper = function (this: object, ...args: unknown[]): unknown {
      const app = apps.get(this);
      return app === undefined || app.runsInPlace ? method.apply(this, args) : app.dispatch(this, declaration, args);
    };
    Object.defineProperty(wrapper, 'name', { value: method.name, configurable: true });
    Object.defineProperty(wrapper, 'length', { value: method.length, configurable: true });
    // Metadata that decorators below have put on the method is looked up along the prototype chain.
    return Object.setPrototypeOf(wrapper, method) as Method;
  }

  /**
   * Lets Nest's own property injection bind each instance to its app, whatever its scope. The key is an accessor, so that instances carry no
   * trace of it and frozen ones work, too.
   */
  #bindInstancesOf(prototype: object): void {
    if (this.#app in prototype) return;
    const apps = this.#apps;
    const appType = this.#appType;
    Object.defineProperty(prototype, this.#app, {
      set(this: object, app: unknown) {
        // A test's `useMocker` may have made up something.
        if (app instanceof appType) apps.set(this, app);
      },
    });
    Inject(appType)(prototype, this.#app);
    Optional()(prototype, this.#app);
  }
}

/** The option `returns`, or what the method's code and type say. */
export function readReturns(read: OptionReader, { method, type, label }: DecoratedMethod): FlameReturns | undefined {
  if (read.raw('returns') !== undefined) return read.choice('returns', flameReturns, 'promise');
  const returns = returnsOf(method, type);
  // An interface: the compiler writes down that there is a type, and not which.
  if (returns === undefined && type === Object)
    throw badOption(read.path, 'has a return type that leaves no trace at run time', sayWhatItReturns(label));
  return returns;
}
