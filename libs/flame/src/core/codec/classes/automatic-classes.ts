import type { RegisteredClass } from '../codec.js';

/** A class that the app's own decorators mention. Its instances keep their class without an entry in the option `classes`. */
export interface FoundClass {
  readonly type: RegisteredClass['type'];
  /**
   * The libraries that know the class, for example `typeorm`. They are part of its name on the wire, so that an entity and a GraphQL type
   * with the same name differ.
   */
  readonly kinds: readonly string[];
  /**
   * Whether class-transformer knows the class. If so, an instance of a subclass that class-transformer does not know may not lose its class
   * either, even if that subclass only holds data.
   */
  readonly transformed: boolean;
  /** Returns a digest that distinguishes the class from classes with the same name and kinds. It is the same in every copy of the app. */
  readonly digest: () => string;
}

/** Lists such classes. Called again when an unknown class is met, because modules may be imported late. */
export type FindClasses = () => Iterable<FoundClass>;

/**
 * The classes that `FindClasses` found and whose instances can keep their class. Names need not be unique. If several classes have a name,
 * the sender appends the class's digest to it. The receiver finds a class by its name with or without the digest, so the order in which
 * modules were loaded does not matter.
 */
export class AutomaticClasses {
  readonly #find: FindClasses;
  readonly #usable: (prototype: object) => boolean;
  readonly #byPrototype = new Map<object, AutomaticClass>();
  readonly #byName = new Map<string, AutomaticClass[]>();
  readonly #transformed = new Set<object>();

  /** `usable` says whether a copy of the properties is a complete copy of an instance. */
  constructor(find: FindClasses, usable: (prototype: object) => boolean) {
    this.#find = find;
    this.#usable = usable;
  }

  of(prototype: object): AutomaticClass | undefined {
    return this.#byPrototype.get(prototype);
  }

  /** Whether class-transformer knows exactly this class. */
  isTransformed(prototype: object): boolean {
    return this.#transformed.has(prototype);
  }

  /** The classes that a name on the wire may mean: one, none, or several if the sender knows only one of them. */
  named(name: string): readonly AutomaticClass[] {
    const cut = name.indexOf('#');
    const same = this.#byName.get(cut < 0 ? name : name.slice(0, cut)) ?? [];
    return cut < 0 ? same : same.filter((known) => known.qualified === name);
  }

  /** Adds the classes that are new since the last search. */
  look(): void {
    for (const { type, kinds, transformed, digest } of this.#find()) {
      const prototype = type.prototype as object;
      if (transformed) this.#transformed.add(prototype);
      if (this.#byPrototype.has(prototype) || type.name === '' || !this.#usable(prototype)) continue;
      const base = `${type.name} (${kinds.length > 0 ? kinds.join(', ') : 'app'})`;
      const same = this.#byName.get(base) ?? [];
      this.#byName.set(base, same);
      const known = new AutomaticClass(type, base, digest, same);
      same.push(known);
      this.#byPrototype.set(prototype, known);
    }
  }
}

/** A class that registered itself. Its name on the wire depends on the other classes with the same name. */
class AutomaticClass {
  readonly prototype: object;
  readonly #base: string;
  readonly #digest: () => string;
  readonly #same: readonly AutomaticClass[];
  #qualified: string | undefined;

  /** `same` lists all classes with its name, including itself. */
  constructor(
    readonly type: RegisteredClass['type'],
    base: string,
    digest: () => string,
    same: readonly AutomaticClass[],
  ) {
    this.prototype = type.prototype as object;
    this.#base = base;
    this.#digest = digest;
    this.#same = same;
  }

  get name(): string {
    return this.#same.length === 1 ? this.#base : this.qualified;
  }

  get qualified(): string {
    return (this.#qualified ??= `${this.#base}#${this.#digest()}`);
  }

  get ambiguous(): boolean {
    return this.#same.some((other) => other !== this && other.qualified === this.qualified);
  }
}
