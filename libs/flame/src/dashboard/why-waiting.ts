import type { PoolStats } from '../pool/observe/pool-stats.js';

/**
 * Why calls wait in a pool, in one sentence; undefined if no call waits. `failure` is the error of the last boot, as long as no later boot
 * has succeeded.
 */
export function whyWaiting(pool: PoolStats, failure: string | undefined): string | undefined {
  if (pool.waiting === 0) return undefined;
  if (pool.paused !== undefined) return `The pool is paused: ${pool.paused}.`;
  const booting = pool.runners.filter(({ state }) => state === 'booting').length;
  const ready = pool.runners.filter(({ state }) => state === 'ready');
  const cut = ready.filter(({ suspended }) => suspended).length;
  const going = pool.runners.length - booting - ready.length;
  if (failure !== undefined && ready.length === 0) return `No runner can be booted: ${failure.split('\n', 1)[0]!}`;
  const taken = ready.length > 0 ? `${ready.length === 1 ? 'Its runner is' : `All ${ready.length} runners are`} full` : 'No runner is up';
  const parts = [cut > 0 ? `${plural(cut, 'runner')} of ${ready.length} has lost its connection` : taken];
  if (booting > 0) parts.push(`${plural(booting, 'runner')} ${booting === 1 ? 'is' : 'are'} booting`);
  if (going > 0) parts.push(`${plural(going, 'runner')} ${going === 1 ? 'is' : 'are'} leaving`);
  if (pool.runners.length >= pool.max) parts.push(`the pool has its maximum of ${pool.max}`);
  return `${parts.join(', ')}.`;
}

/** `1 runner`, `2 runners`. */
function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
