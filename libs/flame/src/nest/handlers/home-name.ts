import type { ProviderHome } from './provider-home.js';

/** A name, and the qualifier that distinguishes it from equal names. */
interface Qualified {
  readonly name: unknown;
  readonly qualifier: string;
}

/**
 * The suffix that makes the name of one of `all` unique: empty if the name is unique, or else the qualifier, with a count if the qualifier
 * is not unique.
 */
export function endingOf(index: number, all: readonly Qualified[]): string {
  const { name, qualifier } = all[index]!;
  if (all.filter((other) => other.name === name).length === 1) return '';
  const before = all.slice(0, index).filter((other) => other.name === name && other.qualifier === qualifier).length;
  return `@${qualifier}${before === 0 ? '' : `#${before + 1}`}`;
}

/**
 * The names of one provider's handlers: `Class.method`, or `Class.method@Module` if several classes have that name or one class has several
 * providers. The same code gives the same names in every process.
 */
export class HomeName {
  readonly #home: ProviderHome;
  readonly #homes: readonly ProviderHome[];
  /** The suffix among providers of classes with the same name. */
  readonly #ofName: string;
  /** The suffix among providers of the same class. */
  readonly #ofClass: string;

  constructor(index: number, homes: readonly ProviderHome[]) {
    const home = homes[index]!;
    this.#home = home;
    this.#homes = homes;
    this.#ofName = endingOf(
      index,
      homes.map(({ prototype, qualifier }) => ({ name: prototype.constructor.name, qualifier })),
    );
    this.#ofClass = endingOf(
      index,
      homes.map(({ prototype, qualifier }) => ({ name: prototype, qualifier })),
    );
  }

  /** Whether another class has the same name in a module with the same name, so that the names differ only by the order of the modules. */
  get ambiguous(): boolean {
    const { prototype, qualifier } = this.#home;
    return this.#homes.some(
      (other) => other.prototype !== prototype && nameOf(other) === nameOf(this.#home) && other.qualifier === qualifier,
    );
  }

  /** The name of a method whose decorator gives none. */
  derived(own: string): { name: string; ofClass: boolean } {
    return { name: own + this.#ofName, ofClass: true };
  }

  /**
   * The name of a method whose decorator, on the prototype `level`, gives one. If several classes inherit the method, the name of each
   * class is added.
   */
  given(name: string, level: object): { name: string; ofClass: boolean } {
    const { prototype } = this.#home;
    const shared = level !== prototype && this.#homes.some((other) => other.prototype !== prototype && inherits(other.prototype, level));
    return shared ? this.derived(`${name}@${nameOf(this.#home)}`) : { name: name + this.#ofClass, ofClass: false };
  }
}

function nameOf({ prototype }: ProviderHome): string {
  return prototype.constructor.name;
}

function inherits(prototype: object, level: object): boolean {
  return prototype === level || Object.prototype.isPrototypeOf.call(level, prototype);
}
