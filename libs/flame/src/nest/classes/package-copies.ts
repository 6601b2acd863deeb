import { isRequired, packageOf } from './app-packages.js';
import type { Build } from './app-packages.js';

/** A package that gives a class, and where the class is in what the package exports. */
export interface Source {
  readonly name: string;
  readonly pick: (exports: Record<string, unknown>) => unknown;
}

/** A class, or the function that makes its instances. */
type Maker = Record<string, (...args: unknown[]) => unknown> & (abstract new (...args: unknown[]) => object);

/**
 * A class that an app may have in several copies: as an ES module and as CommonJS, or from several packages. An instance arrives as one of
 * the copy that it is of. Nothing is loaded before an instance crosses.
 */
export class PackageCopies {
  readonly #copies: readonly { readonly source: Source; readonly build: Build }[];
  readonly #loaded: (Maker | undefined)[] = [];
  /** Which copy the instances of a prototype are of. */
  readonly #copyOf = new WeakMap<object, number>();

  constructor(sources: readonly Source[]) {
    this.#copies = sources.flatMap((source) => (['require', 'import'] as const).map((build) => ({ source, build })));
  }

  /** The number of the copy that made `value`; -1 for one that the app cannot load by itself. */
  copyOf(value: object): number {
    const prototype = Object.getPrototypeOf(value) as object;
    let copy = this.#copyOf.get(prototype);
    if (copy === undefined) this.#copyOf.set(prototype, (copy = this.#search(value)));
    return copy;
  }

  /** @throws {Error} that names the package, where no copy of it can be loaded. */
  at(copy: number): Maker {
    const maker = this.#load(copy) ?? this.#copies.map((_, other) => this.#load(other)).find((found) => found !== undefined);
    if (maker) return maker;
    throw new Error(`${this.#copies[0]!.source.name} cannot be loaded here: install it in the app`);
  }

  #search(value: object): number {
    return this.#copies.findIndex(({ source, build }, copy) => {
      // A build that was never required made nothing, and need not be loaded to know that.
      if (build === 'require' && !isRequired(source.name)) return false;
      const maker = this.#load(copy);
      return maker !== undefined && value instanceof maker;
    });
  }

  #load(copy: number): Maker | undefined {
    const found = this.#copies[copy];
    if (!found || this.#loaded[copy]) return this.#loaded[copy];
    const exports = packageOf(found.source.name, found.build);
    const maker = exports && found.source.pick(exports);
    return (this.#loaded[copy] = typeof maker === 'function' ? (maker as Maker) : undefined);
  }
}
