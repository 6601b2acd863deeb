import type { PoolConfig } from './pool-config.js';

/** In milliseconds. The boot of a process or a machine takes longer, so a runner that lives less than this was not worth its boot. */
const shortest = 1_000;

/**
 * Warnings about durations of a pool that are allowed, but that nobody can want. `bootIsFree` says that runners live in this process, as those
 * of LocalBackend: then they may come and go at any pace.
 */
export function doubtfulDurations(pool: PoolConfig, bootIsFree: boolean): string[] {
  const { name, queueTimeout, bootTimeout, idleAfter, minIdleAfter, maxLifetime } = pool;
  const warnings: string[] = [];
  if (queueTimeout < bootTimeout)
    warnings.push(
      `pool "${name}": queueTimeout (${queueTimeout} ms) is less than bootTimeout (${bootTimeout} ms): calls may time out before their runner is up`,
    );
  if (bootIsFree) return warnings;
  for (const [option, value] of Object.entries({ idleShutdownAfter: idleAfter, minIdleShutdownAfter: minIdleAfter, maxLifetime })) {
    // 0 ms is written on purpose: no idle time at all.
    if (value === 0 || value >= shortest) continue;
    warnings.push(
      `pool "${name}": ${option} is ${value} milliseconds, less than the boot of a runner takes. Durations are in milliseconds: for ${value} seconds set ${option} to ${value * 1_000}`,
    );
  }
  return warnings;
}
