import type { FlameLog } from '../../core/flame-log.js';
import type { PoolDeclaration } from '../decorator/declaration.js';
import type { Handler } from './handler-index.js';
import type { Class } from './provider-home.js';

/**
 * Logs the pools to which no `@OnFlame` belongs, usually because no module that the app imports provides the class of their handlers. It is no
 * warning, because children may run there (`flame.placeChild`), or other pools' handlers (`flame.on`). Inline functions and the option
 * `handlers` name their pools only when they are called, so with one of them it says nothing.
 */
export function reportUnusedPools(
  handlers: readonly Handler<PoolDeclaration>[],
  inline: readonly unknown[],
  { pools, classes }: { readonly pools: readonly string[]; readonly classes: readonly Class[] },
  log: Pick<FlameLog, 'log'>,
): void {
  const unused = pools.filter((pool) => !handlers.some(({ declaration }) => declaration?.pool === pool)).map((pool) => `"${pool}"`);
  if (unused.length === 0 || inline.length > 0 || classes.length > 0) return;
  const [label, them] = unused.length === 1 ? [`pool ${unused[0]}`, 'it'] : [`pools ${unused.join(', ')}`, 'them'];
  log.log(
    `${label}: no handler of the app names ${them} in @OnFlame. Provide the class of the handlers in a module that the app imports, ` +
      `unless only flame.on or flame.placeChild uses ${them}.`,
  );
}
