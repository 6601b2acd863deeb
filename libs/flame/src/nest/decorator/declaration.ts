import type { CallOptions } from '../../pool/calls/pending-call.js';
import type { FlameEnhancer } from '../handlers/flame-enhancer.js';
import type { FlameReturns } from './returns.js';

/** One use of a decorator: what a method of a class was declared to be. */
export interface Declaration {
  readonly key: string | symbol;
  /** The handler's name, where it was given one. */
  readonly name: string | undefined;
  /** What its callers are given; undefined where nothing says it. */
  readonly returns: FlameReturns | undefined;
  /** Whether the resources in its result are tracked; undefined where the pool decides. */
  readonly trackResources: boolean | undefined;
  /** What Nest runs around the handler. */
  readonly enhancers: readonly FlameEnhancer[];
  /** What each call is made with. */
  readonly callOptions: CallOptions;
  /** The method as it was written, under the decorators below this one. */
  readonly method: Method;
}

/** One use of `@OnFlame`. */
export interface PoolDeclaration extends Declaration {
  readonly pool: string;
  readonly cast: boolean;
}

export type Method = (this: object, ...args: unknown[]) => unknown;

/** The declarations that one decorator has made, kept with the classes' prototypes. */
export class Declarations<D extends Declaration> {
  readonly #key: symbol;

  constructor(decorator: string) {
    this.#key = Symbol(`nestjs-flame:${decorator}`);
  }

  add(prototype: object, declaration: D): void {
    Reflect.defineMetadata(this.#key, [...this.of(prototype), declaration], prototype);
  }

  /** Those of this prototype itself, without those it inherits. */
  of(prototype: object): readonly D[] {
    return (Reflect.getOwnMetadata(this.#key, prototype) as D[] | undefined) ?? [];
  }
}

/** Those of `@OnFlame`. */
export const poolDeclarations = new Declarations<PoolDeclaration>('OnFlame');

/** A class's prototype and those above it, the most derived first, `Object.prototype` left out. */
export function prototypesOf(prototype: object): object[] {
  const chain: object[] = [];
  for (let at: object | null = prototype; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) chain.push(at);
  return chain;
}

/** `Class.method`, as error messages and the manifest name it. */
export function methodName(prototype: object, key: string | symbol): string {
  return `${prototype.constructor.name}${typeof key === 'symbol' ? `[${key.description ?? ''}]` : `.${key}`}`;
}
