import { FlameError } from '../../core/errors/flame-error.js';
import type { Mark } from '../../inline/index.js';
import type { HandlerTable } from '../../runner/executor/handler-table.js';
import type { Declaration, Method } from '../decorator/declaration.js';
import type { Enhance } from './enhancers.js';
import { InlineIndex } from './inline-index.js';
import type { InlineHandler } from './inline-index.js';
import type { PlaceableClass } from './placeable-class.js';
import type { Class, ProviderHome } from './provider-home.js';
import { returnsOf } from '../decorator/returns.js';
import type { FlameReturns } from '../decorator/returns.js';

/** A method that may run on a runner. */
export interface Handler<D extends Declaration = Declaration> {
  /** `Class.method`, with a qualifier if several providers would have the same name, or the name given to its decorator. */
  readonly name: string;
  /** Whether the name contains the class's name. */
  readonly ofClass: boolean;
  /** Whether the name is the same for every order of the app's modules. */
  readonly stable: boolean;
  readonly key: string | symbol;
  readonly method: Method;
  /** The method on the class, with the metadata of decorators above and below. */
  readonly shown: Method;
  /** The options of its decorator; undefined for a method without one. */
  readonly declaration: D | undefined;
  /** Whether a subclass overrides the method, so that only `super` calls it. */
  readonly overridden: boolean;
  readonly home: ProviderHome;
}

/** The handlers of one class by method, for `flame.on`. */
export type Reach = ReadonlyMap<string | symbol, { readonly number: number; readonly declaration: Declaration | undefined }>;

/**
 * The app's handlers by number (for runners), by instance and declaration (for decorated methods) and by class (for `Flame`). A handler's
 * number is its place in the manifest: first the methods, then the inline functions, then the classes of children, each sorted by name. So
 * all copies of the app have the same numbers.
 */
export class HandlerIndex implements HandlerTable {
  readonly #handlers: readonly Handler[];
  /** The handlers with guards, interceptors or filters. */
  readonly #enhanced = new Map<number, ReturnType<Enhance>>();
  readonly #byClass = new Map<unknown, Map<Declaration, number>>();
  /** Distinguishes instances if one class has several providers. */
  readonly #byInstance = new WeakMap<object, Map<Declaration, number>>();
  readonly #reach = new Map<unknown, Map<string | symbol, { number: number; declaration: Declaration | undefined }>>();

  readonly #inline: InlineIndex;
  /** The number of the first inline function, and that of the first class of children. */
  readonly #firstInline: number;
  readonly #firstChild: number;
  readonly #children: readonly PlaceableClass[];

  /** All names of `handlers` must be unique, all names of `children`, and all names of `inline`. */
  constructor(handlers: readonly Handler[], children: readonly PlaceableClass[], enhance: Enhance, inline: readonly InlineHandler[] = []) {
    this.#inline = new InlineIndex(inline);
    this.#firstInline = handlers.length;
    this.#firstChild = handlers.length + inline.length;
    this.#handlers = handlers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.#children = children.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const numbers = new Map<ProviderHome, Map<Declaration, number>>();
    this.#handlers.forEach((handler, number) => {
      const { home, declaration, key, overridden } = handler;
      if (declaration && declaration.enhancers.length > 0)
        this.#enhanced.set(number, enhance({ ...handler, enhancers: declaration.enhancers, returns: declaration.returns }));
      if (declaration) entry(numbers, home).set(declaration, number);
      if (overridden) return;
      for (const name of [home.token, home.prototype.constructor]) {
        const methods = entry(this.#reach, name);
        if (!methods.has(key)) methods.set(key, { number, declaration });
      }
    });
    for (const [home, declared] of numbers) {
      const type = home.prototype.constructor;
      if (!this.#byClass.has(type)) this.#byClass.set(type, declared);
      if (home.instance) this.#byInstance.set(home.instance, declared);
    }
  }

  /** The names of the methods. */
  get names(): readonly string[] {
    return this.#handlers.map(({ name }) => name);
  }

  /** The number of handlers with a decorator. The other handlers are called through `flame.on`. */
  get decorated(): number {
    return this.#handlers.filter(({ declaration }) => declaration).length;
  }

  /** The number of inline functions. */
  get inline(): number {
    return this.#firstChild - this.#firstInline;
  }

  /** The entries of the manifest: the methods, the inline functions, and the classes of children. */
  get entries(): readonly string[] {
    return [...this.names, ...this.#inline.handlers.map(({ name }) => name), ...this.#children.map(({ name }) => name)];
  }

  /** The digest of each entry's code; empty for all but inline functions. */
  get digests(): readonly string[] {
    return [...this.#handlers.map(() => ''), ...this.#inline.handlers.map(({ digest }) => digest), ...this.#children.map(() => '')];
  }

  /**
   * The types in the signatures of handlers and children, from decorator metadata: classes, and `Object` or a similar class for all other
   * types.
   */
  signatures(): unknown[] {
    const methods = [
      ...this.#handlers.map(({ home, key }) => ({ prototype: home.prototype, key })),
      ...this.#children.flatMap(({ type, methods }) =>
        [...methods, 'onFlameStart'].map((key) => ({ prototype: type.prototype as object, key })),
      ),
    ];
    return methods.flatMap(({ prototype, key }) => [
      ...((Reflect.getMetadata('design:paramtypes', prototype, key) as unknown[] | undefined) ?? []),
      Reflect.getMetadata('design:returntype', prototype, key) as unknown,
    ]);
  }

  /** The handler for a decorated method of this instance; undefined if the app had no such provider when it started. */
  numberOf(instance: object, declaration: Declaration): number | undefined {
    return (this.#byInstance.get(instance) ?? this.#byClass.get(instance.constructor))?.get(declaration);
  }

  /** The handler for a marked function; undefined if the app had no such function or provider when it started. */
  numberOfInline(mark: Mark, self: unknown): number | undefined {
    const number = this.#inline.numberOf(mark, self);
    return number === undefined ? undefined : this.#firstInline + number;
  }

  /** The names of the variables that an inline function captures; undefined for another handler. */
  captures(handler: number): readonly string[] | undefined {
    return this.#inline.handlers[handler - this.#firstInline]?.captures;
  }

  /** The handlers of a class, by its token or by the class of its instances. */
  reach(type: Class): Reach | undefined {
    return this.#reach.get(type);
  }

  /** The placeable class for a class or token, with its number. */
  placeable(type: Class): { readonly number: number; readonly place: PlaceableClass } | undefined {
    const found = this.#children.findIndex((child) => child.answersTo(type));
    return found < 0 ? undefined : { number: this.#firstChild + found, place: this.#children[found]! };
  }

  child(handler: number): PlaceableClass | undefined {
    return this.#children[handler - this.#firstChild];
  }

  tracks(handler: number): boolean | undefined {
    return this.#handlers[handler]?.declaration?.trackResources;
  }

  name(handler: number): string {
    return (
      (this.#handlers[handler] ?? this.#inline.handlers[handler - this.#firstInline] ?? this.child(handler))?.name ?? `handler ${handler}`
    );
  }

  /** The kind of a handler's result; undefined if it is unknown. */
  returns(handler: number): FlameReturns | undefined {
    const { method, declaration, home, key } = this.#handlers[handler]!;
    return declaration ? declaration.returns : returnsOf(method, Reflect.getMetadata('design:returntype', home.prototype, key));
  }

  invoke(handler: number, args: unknown[]): unknown {
    const enhanced = this.#enhanced.get(handler);
    return enhanced ? enhanced(args) : this.runPlain(handler, args);
  }

  /** Runs a handler without guards, interceptors and filters. */
  runPlain(handler: number, args: unknown[]): unknown {
    if (handler >= this.#firstInline && handler < this.#firstChild) return this.#inline.run(handler - this.#firstInline, args);
    const found = this.#handlers[handler];
    if (!found) throw new FlameError('FLAME_DENIED', `${this.name(handler)} is not a method`);
    const { home, method } = found;
    if (home.instance) return method.apply(home.instance, args);
    return home.resolve().then((instance) => method.apply(instance, args));
  }
}

function entry<K, K2, V>(map: Map<K, Map<K2, V>>, key: K): Map<K2, V> {
  let inner = map.get(key);
  if (!inner) map.set(key, (inner = new Map<K2, V>()));
  return inner;
}
