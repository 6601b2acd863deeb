import type { ModulesContainer } from '@nestjs/core';
import { FlameError } from '../core/errors/flame-error.js';
import type { Handler } from '../nest/handlers/handler-index.js';
import { keepNames, minifiedNames } from '../nest/handlers/minified-names.js';
import type { Class } from '../nest/handlers/provider-home.js';

/**
 * The handlers that other builds of the app may call: those with stable names. A name that a minifier created, or that depends on the order
 * of the modules, may belong to another class's method in another build. Methods without a decorator that have such a name are omitted.
 *
 * @throws {FlameError} FLAME_CONFIG for such a name of a decorated method, or of a method of one of `classes`.
 */
export function stableHandlers<H extends Handler>(handlers: readonly H[], modules: ModulesContainer, classes: readonly Class[]): H[] {
  const isMinified = minifiedNames(modules);
  return handlers.filter(({ name, ofClass, stable, declaration, home }) => {
    const type = home.prototype.constructor as unknown as Class;
    const minified = ofClass && isMinified(type);
    if (stable && !minified) return true;
    if (!declaration && !classes.some((listed) => listed === type || listed === home.token)) return false;
    const [what, fix] = minified
      ? ['is named after a class whose name looks minified', keepNames]
      : [
          "differs from the name of another class's handler only by the order of the modules",
          'Rename one of the two classes, or of their modules',
        ];
    throw new FlameError(
      'FLAME_CONFIG',
      `the handler "${name}" (of ${home.qualifier}) ${what}. In another build, the name may lead to another method. ` +
        `${fix}${declaration ? ", or name the method: @OnRegion(…, { name: '…' })" : ''}.`,
    );
  });
}
