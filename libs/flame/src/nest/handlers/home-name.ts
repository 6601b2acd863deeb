import type { ProviderHome } from './provider-home.js';

/** A name, and the qualifier that tells it from equal ones. */
interface Qualified {
  readonly name: unknown;
  readonly qualifier: string;
}

/** The suffix that makes the name of one of `all` unique: none if it is, else the qualifier, with a count if that is not enough. */
export function endingOf(place: number, all: readonly Qualified[]): string {
  const { name, qualifier } = all[place]!;
  if (all.filter((other) => other.name === name).length === 1) return '';
  const before = all.slice(0, place).filter((other) => other.name === name && other.qualifier === qualifier).length;
  return `@${qualifier}${before === 0 ? '' : `#${before + 1}`}`;
}

/**
 * The names of one provider's handlers: `Class.method`, or `Class.method@Module` if several classes have that name or one class has several
 * providers. The same code gives the same names in every process.
 */
export class HomeName {
  readonly #home: ProviderHome;
  readonly #homes: readonly ProviderHome[];
  /** Among providers of classes of the same name. */
  readonly #ofName: string;
  /** Among providers of the same class. */
  readonly #ofClass: string;

  constructor(place: number, homes: readonly ProviderHome[]) {
    const home = homes[place]!;
    this.#home = home;
    this.#homes = homes;
    this.#ofName = endingOf(
      place,
      homes.map(({ prototype, qualifier }) => ({ name: prototype.constructor.name, qualifier })),
    );
    this.#ofClass = endingOf(
      place,
      homes.map(({ prototype, qualifier }) => ({ name: prototype, qualifier })),
    );
  }

  /** Whether another class has the same name in a module of the same name, so that only the order of the modules tells them apart. */
  get ambiguous(): boolean {
    const { prototype, qualifier } = this.#home;
    return this.#homes.some(
      (other) => other.prototype !== prototype && nameOf(other) === nameOf(this.#home) && other.qualifier === qualifier,
    );
  }

  /** The name of a method whose decorator gave none. */
  derived(own: string): { name: string; ofClass: boolean } {
    return { name: own + this.#ofName, ofClass: true };
  }

  /** The name of a method that was named on the prototype `level`. Each class that inherits the method adds its own name. */
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
