import { isRequired, packageOf } from './app-packages.js';
import type { Build } from './app-packages.js';

/** A package that exports a class. `pick` returns the class from the package's exports. */
export interface Source {
  readonly name: string;
  readonly pick: (exports: Record<string, unknown>) => unknown;
}

/** A class, or a factory function for its instances. */
type Maker = Record<string, (...args: unknown[]) => unknown> & (abstract new (...args: unknown[]) => object);

/**
 * A class of which an app may have several copies: as an ES module and as CommonJS, or from several packages. An instance arrives as an
 * instance of the same copy. No package is loaded before an instance crosses.
 */
export class PackageCopies {
  readonly #copies: readonly { readonly source: Source; readonly build: Build }[];
  readonly #loaded: (Maker | undefined)[] = [];
  /** The number of the copy, by the prototype of its instances. */
  readonly #copyOf = new WeakMap<object, number>();

  constructor(sources: readonly Source[]) {
    this.#copies = sources.flatMap((source) => (['require', 'import'] as const).map((build) => ({ source, build })));
  }

  /** The number of the copy that made `value`; -1 if the app itself cannot load that copy. */
  copyOf(value: object): number {
    const prototype = Object.getPrototypeOf(value) as object;
    let copy = this.#copyOf.get(prototype);
    if (copy === undefined) this.#copyOf.set(prototype, (copy = this.#search(value)));
    return copy;
  }

  /**
   * The class of a copy, or of another copy if that one cannot be loaded. @throws {Error} that names the package, if no copy of it can be
   * loaded.
   */
  at(copy: number): Maker {
    const maker = this.#load(copy) ?? this.#copies.map((_, other) => this.#load(other)).find((found) => found !== undefined);
    if (maker) return maker;
    throw new Error(`${this.#copies[0]!.source.name} cannot be loaded here: install it in the app`);
  }

  #search(value: object): number {
    return this.#copies.findIndex(({ source, build }, copy) => {
      // A build that was never required made no instance, so it does not have to be loaded for this check.
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
