import type { ProviderHome } from './provider-home.js';

/** Something that has a name, and what tells it from others of that name. */
interface Qualified {
  readonly name: unknown;
  readonly qualifier: string;
}

/** What tells one of `all` from the others of its name: nothing where there are none, else the qualifier, with a count where that is not enough. */
export function endingOf(place: number, all: readonly Qualified[]): string {
  const { name, qualifier } = all[place]!;
  if (all.filter((other) => other.name === name).length === 1) return '';
  const before = all.slice(0, place).filter((other) => other.name === name && other.qualifier === qualifier).length;
  return `@${qualifier}${before === 0 ? '' : `#${before + 1}`}`;
}

/**
 * The names of one provider's handlers. `Class.method` where that is unique in the app; where several classes have that name, or one class has several
 * providers, each of which may hold something else, the module qualifies it: `Class.method@Module`. The same code gives the same names in every process.
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

  /** Of a method whose decorator gave no name. */
  derived(own: string): { name: string; ofClass: boolean } {
    return { name: own + this.#ofName, ofClass: true };
  }

  /** Of a method that was given a name on the prototype `level`. Of several classes that inherit it, each adds its own name. */
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
