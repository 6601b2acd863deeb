import type { CallOptions } from '../../pool/calls/pending-call.js';
import type { FlameReturns } from './returns.js';

/** The kinds of Nest's enhancers that can run around a handler on its runner. */
export type FlameEnhancer = 'guards' | 'interceptors' | 'filters';

export const flameEnhancers: readonly FlameEnhancer[] = ['guards', 'interceptors', 'filters'];

/** One use of a decorator on a method. */
export interface Declaration {
  readonly key: string | symbol;
  /** The handler's name; undefined if the decorator gave none. */
  readonly name: string | undefined;
  /** What it returns to its callers; undefined if that is unknown. */
  readonly returns: FlameReturns | undefined;
  /** Whether the resources in its result are tracked; undefined for the pool's default. */
  readonly trackResources: boolean | undefined;
  /** The enhancers that run around the handler. */
  readonly enhancers: readonly FlameEnhancer[];
  /** The options of each call. */
  readonly callOptions: CallOptions;
  /** The method, wrapped by the decorators below this one. */
  readonly method: Method;
}

/** One use of `@OnFlame`. */
export interface PoolDeclaration extends Declaration {
  readonly pool: string;
  readonly cast: boolean;
}

export type Method = (this: object, ...args: unknown[]) => unknown;

/** The declarations of one decorator, kept as metadata of the classes' prototypes. */
export class Declarations<D extends Declaration> {
  readonly #key: symbol;

  constructor(decorator: string) {
    this.#key = Symbol(`nestjs-flame:${decorator}`);
  }

  add(prototype: object, declaration: D): void {
    Reflect.defineMetadata(this.#key, [...this.of(prototype), declaration], prototype);
  }

  /** The declarations of this prototype, without inherited ones. */
  of(prototype: object): readonly D[] {
    return (Reflect.getOwnMetadata(this.#key, prototype) as D[] | undefined) ?? [];
  }
}

/** The declarations of `@OnFlame`. */
export const poolDeclarations = new Declarations<PoolDeclaration>('OnFlame');

/** The prototype chain of a class, the most derived first, without `Object.prototype`. */
export function prototypesOf(prototype: object): object[] {
  const chain: object[] = [];
  for (let at: object | null = prototype; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) chain.push(at);
  return chain;
}

/** `Class.method`, for errors and the manifest. */
export function methodName(prototype: object, key: string | symbol): string {
  return `${prototype.constructor.name}${typeof key === 'symbol' ? `[${key.description ?? ''}]` : `.${key}`}`;
}

/** Whether an instance's class, or a class that it extends, has this name. It recognises classes of packages that may not be installed. */
export function isNamed(instance: object, name: string): boolean {
  const prototype = Object.getPrototypeOf(instance) as object | null;
  return prototype !== null && prototypesOf(prototype).some((level) => level.constructor?.name === name);
}
