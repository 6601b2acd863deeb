import type { RegisteredClass } from './codec.js';

/** A class that the app's own decorators name, and that crosses as itself without being in the option `classes`. */
export interface FoundClass {
  readonly type: RegisteredClass['type'];
  /** What knows it, for example `typeorm`: a part of its name on the wire, so that an entity and a GraphQL type of one name are apart. */
  readonly kinds: readonly string[];
  /** Whether class-transformer knows it: then not even an instance of a bare class below it may lose its class. */
  readonly transformed: boolean;
  /** Says by what else it differs from a class of the same name and kinds; the same in every copy of the app. */
  readonly digest: () => string;
}

/** Lists such classes; asked again when a class is met that is not known, as modules may be imported late. */
export type FindClasses = () => Iterable<FoundClass>;

/**
 * The classes that `FindClasses` found and that can cross as themselves. Names need not be unique: the sender qualifies a name that several
 * classes have by the class's digest, and the receiver finds it by either, so that the order in which modules were loaded plays no part.
 */
export class AutomaticClasses {
  readonly #find: FindClasses;
  readonly #usable: (prototype: object) => boolean;
  readonly #byPrototype = new Map<object, AutomaticClass>();
  readonly #byName = new Map<string, AutomaticClass[]>();
  readonly #transformed = new Set<object>();

  /** `usable` says whether a copy of its properties is all there is to an instance. */
  constructor(find: FindClasses, usable: (prototype: object) => boolean) {
    this.#find = find;
    this.#usable = usable;
  }

  of(prototype: object): AutomaticClass | undefined {
    return this.#byPrototype.get(prototype);
  }

  /** Whether class-transformer knows that very class. */
  isTransformed(prototype: object): boolean {
    return this.#transformed.has(prototype);
  }

  /** The classes that a name on the wire may mean: one, or none, or several where the sender knows only one of them. */
  named(name: string): readonly AutomaticClass[] {
    const cut = name.indexOf('#');
    const same = this.#byName.get(cut < 0 ? name : name.slice(0, cut)) ?? [];
    return cut < 0 ? same : same.filter((known) => known.qualified === name);
  }

  /** Looks for classes that came since. */
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

/** A class that registered itself. Its name on the wire depends on which others of its name there are. */
class AutomaticClass {
  readonly prototype: object;
  readonly #base: string;
  readonly #digest: () => string;
  readonly #same: readonly AutomaticClass[];
  #qualified: string | undefined;

  /** `same` lists all classes of its name, itself included. */
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
