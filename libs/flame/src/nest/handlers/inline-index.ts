import type { Mark } from '../../inline/index.js';
import type { Method } from '../decorator/declaration.js';
import type { ProviderHome } from './provider-home.js';

/** An inline function that may run on a runner. */
export interface InlineHandler {
  /** The id, with a qualifier if several providers or functions would have the same name. */
  readonly name: string;
  readonly id: string;
  /** A hash of its code and of the names of its captured variables. */
  readonly digest: string;
  /** The names of its captured variables, which are its first arguments. */
  readonly captures: readonly string[];
  readonly method: Method;
  /** The provider on whose instance it runs; undefined for a function that does not use `this`. */
  readonly home: ProviderHome | undefined;
}

/** Handlers by id: classes and functions with one name may have the same ids. */
type ById = Map<string, number[]>;

/** The inline functions of an app, by number (for runners) and by instance, class and id (for `Flame`). Numbers count from 0. */
export class InlineIndex {
  readonly handlers: readonly InlineHandler[];
  readonly #functions: ById = new Map();
  readonly #byClass = new Map<unknown, ById>();
  /** Distinguishes instances if one class has several providers. */
  readonly #byInstance = new WeakMap<object, ById>();

  /** All names must be unique. */
  constructor(handlers: readonly InlineHandler[]) {
    this.handlers = handlers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const byHome = new Map<ProviderHome, ById>();
    this.handlers.forEach(({ home, id }, number) => {
      let ids = home ? byHome.get(home) : this.#functions;
      if (!ids) byHome.set(home!, (ids = new Map()));
      const numbers = ids.get(id);
      if (numbers) numbers.push(number);
      else ids.set(id, [number]);
    });
    for (const [{ prototype, instance }, ids] of byHome) {
      const type = prototype.constructor;
      if (!this.#byClass.has(type)) this.#byClass.set(type, ids);
      if (instance) this.#byInstance.set(instance, ids);
    }
  }

  /**
   * The number of the marked function, for the `this` of the place where it stands; undefined if the app had no such function or provider
   * when it started.
   */
  numberOf({ id, digest }: Mark, self: unknown): number | undefined {
    const numbers = (self === undefined ? this.#functions : this.#idsOf(self))?.get(id);
    if (numbers === undefined) return undefined;
    if (digest === undefined) return numbers.length === 1 ? numbers[0] : undefined;
    for (const number of numbers) if (this.handlers[number]!.digest === digest) return number;
    return undefined;
  }

  #idsOf(self: unknown): ById | undefined {
    if (typeof self !== 'object' || self === null) return undefined;
    return this.#byInstance.get(self) ?? this.#byClass.get(self.constructor);
  }

  run(number: number, args: unknown[]): unknown {
    const { home, method } = this.handlers[number]!;
    if (!home) return (method as (...args: unknown[]) => unknown)(...args);
    if (home.instance) return method.apply(home.instance, args);
    return home.resolve().then((instance) => method.apply(instance, args));
  }
}
