import type { RegisteredClass } from '../core/codec/codec.js';
import { newestCommon } from './nests.js';

/**
 * Nest's HTTP exceptions, so that a NotFoundException thrown on a runner is a 404 at the parent. An app's own subclasses arrive as the
 * nearest of these.
 */
export function httpExceptions(): RegisteredClass[] {
  const nest = newestCommon();
  const { HttpException } = nest;
  return Object.values(nest)
    .filter(
      (value): value is typeof HttpException =>
        typeof value === 'function' && (value === HttpException || value.prototype instanceof HttpException),
    )
    .map((type) => ({ type }));
}
