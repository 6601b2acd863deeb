import { isNativeError } from 'node:util/types';

/**
 * Adds to an error, as its property `index`, which item failed. The error stays the same object. A thrown value that is no error, or a
 * frozen error, is returned as it is.
 */
export function withIndex(error: unknown, index: number): unknown {
  if (error instanceof Error || isNativeError(error))
    Reflect.defineProperty(error, 'index', { value: index, enumerable: true, configurable: true, writable: true });
  return error;
}
