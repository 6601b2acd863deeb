import { addFunction, addMethod, Mark, mark } from './registry.js';
import type { Captures } from './registry.js';

export { inlineFunctions, inlineMethods, keyOf, markOf } from './registry.js';
export type { Captures, InlineFunction, InlineMethod, Mark } from './registry.js';

/**
 * Marks an inline function where it stands, and returns the same function. Compiled code calls this; do not call it yourself.
 *
 * `captures` is called only by `Flame`, once, when the function is given to it.
 */
export function $inline<F extends (...args: never[]) => unknown>(
  fn: F,
  id: string,
  captures: Captures | undefined,
  problem?: string,
  digest?: string,
): F {
  mark(fn, new Mark(id, captures, problem, digest));
  return fn;
}

/** Registers the copy of an inline function that is a method of a class, and returns the method's name. Compiled code calls this. */
export function $method(id: string, digest: string, names: readonly string[]): symbol {
  return addMethod(id, digest, names);
}

/**
 * Registers the copy of an inline function at module level. Its first parameters are the captured variables `names`. Compiled code calls
 * this.
 */
export function $function(id: string, digest: string, names: readonly string[], run: (...args: never[]) => unknown): void {
  addFunction({ id, digest, names, run });
}
