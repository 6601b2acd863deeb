import type { FlameLog } from '../../core/flame-log.js';
import type { PoolDeclaration } from '../decorator/declaration.js';
import type { Handler } from './handler-index.js';
import type { Class } from './provider-home.js';

/**
 * Names the pools to which no `@OnFlame` belongs, usually because no module that the app imports provides the class of their handlers. It is a
 * warning if the app has no handler at all. Otherwise `flame.on` and `flame.placeChild` may still use the pool for the handlers of another,
 * which is rare. Inline functions and the option `handlers` name their pools only when they are called, so with one of them it says nothing.
 */
export function reportUnusedPools(
  handlers: readonly Handler<PoolDeclaration>[],
  inline: readonly unknown[],
  { pools, classes }: { readonly pools: readonly string[]; readonly classes: readonly Class[] },
  log: Pick<FlameLog, 'log' | 'warn'>,
): void {
  const unused = pools.filter((pool) => !handlers.some(({ declaration }) => declaration?.pool === pool)).map((pool) => `"${pool}"`);
  if (unused.length === 0 || inline.length > 0 || classes.length > 0) return;
  const label = unused.length === 1 ? `pool ${unused[0]}` : `pools ${unused.join(', ')}`;
  const fix = 'Provide the class of the handlers in a module that the app imports';
  if (handlers.length === 0) log.warn(`${label}: the app has no handler with @OnFlame, so no call can run there. ${fix}.`);
  else log.log(`${label}: no handler of the app names it in @OnFlame. ${fix}, unless only flame.on or flame.placeChild uses the pool.`);
}
