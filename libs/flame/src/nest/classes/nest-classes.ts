import type { RegisteredClass } from '../../core/codec/codec.js';
import { packageOf } from './app-packages.js';
import { newestCommon } from '../module/nests.js';

/**
 * Nest's HTTP exceptions, so that a NotFoundException thrown on a runner is a 404 at the parent. An app's own subclass arrives as its
 * nearest superclass among these.
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

/** Exceptions of packages that only some apps have. Each package is loaded only when an error with the exception's name crosses. */
export const lateExceptions = {
  RpcException: () => errorOf('@nestjs/microservices', 'RpcException'),
  WsException: () => errorOf('@nestjs/websockets', 'WsException'),
  TypeORMError: () => errorOf('typeorm', 'TypeORMError'),
  QueryFailedError: () => errorOf('typeorm', 'QueryFailedError'),
  EntityNotFoundError: () => errorOf('typeorm', 'EntityNotFoundError'),
  OptimisticLockVersionMismatchError: () => errorOf('typeorm', 'OptimisticLockVersionMismatchError'),
} as const;

function errorOf(name: string, exported: string): RegisteredClass['type'] | undefined {
  const type = packageOf(name)?.[exported];
  return typeof type === 'function' ? (type as unknown as RegisteredClass['type']) : undefined;
}
