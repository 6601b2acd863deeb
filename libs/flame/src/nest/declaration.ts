import type { CallOptions } from '../parent/pending-call.js';
import type { FlameEnhancer } from './flame-enhancer.js';
import type { FlameReturns } from './returns.js';

/** One use of `@OnFlame`: what a method of a class was declared to be. */
export interface Declaration {
  readonly key: string | symbol;
  readonly pool: string;
  /** The handler's name, where it was given one. */
  readonly name: string | undefined;
  readonly cast: boolean;
  /** What its callers are given; undefined where nothing says it. */
  readonly returns: FlameReturns | undefined;
  /** Whether the resources in its result are tracked; undefined where the pool decides. */
  readonly trackResources: boolean | undefined;
  /** What Nest runs around the handler. */
  readonly enhancers: readonly FlameEnhancer[];
  /** What each call is made with. */
  readonly callOptions: CallOptions;
  /** The method as it was written, under the decorators below `@OnFlame`. */
  readonly method: Method;
}

export type Method = (this: object, ...args: unknown[]) => unknown;

const declarationsKey = Symbol('nestjs-flame:declarations');

/** Keeps a declaration with the class's prototype, where a decorator above that replaces the method cannot lose it. */
export function addDeclaration(prototype: object, declaration: Declaration): void {
  Reflect.defineMetadata(declarationsKey, [...ownDeclarations(prototype), declaration], prototype);
}

/** The declarations of this prototype itself, without those it inherits. */
export function ownDeclarations(prototype: object): readonly Declaration[] {
  return (Reflect.getOwnMetadata(declarationsKey, prototype) as Declaration[] | undefined) ?? [];
}

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
