import type { Clock } from '../../core/clock.js';
import type { PoolConfig } from '../../core/options/pool-config.js';
import type { Pool } from '../../pool/pool.js';
import { nestLog } from '../log/nest-log.js';

/** The reason for draining that errors and logs show. */
export const closing = 'the app is closing';

type ClosingPool = Pick<PoolConfig<unknown>, 'name' | 'shutdownTimeout'>;

/**
 * Drains the pools of an app that closes. `shutdownTimeout` counts from the moment when the app begins to close. Nest then waits until its
 * HTTP server has answered all requests, without a limit, and these may wait for calls and make further ones. So the pools drain when the
 * app asks for it, after that wait, but at the end of `shutdownTimeout` at the latest.
 */
export class PoolShutdown {
  readonly #pools: ReadonlyMap<string, Pool>;
  readonly #clock: Clock;
  readonly #limits: (() => void)[] = [];
  #since: number | undefined;

  constructor(pools: ReadonlyMap<string, Pool>, clock: Clock) {
    this.#pools = pools;
    this.#clock = clock;
  }

  /** The app begins to close. Says which calls it finds. Idempotent. */
  begin(configs: readonly ClosingPool[]): void {
    if (this.#since !== undefined) return;
    this.#since = this.#clock.now();
    for (const { name, shutdownTimeout } of configs) {
      const { slotsUsed, waiting } = this.#pools.get(name)!.metrics();
      const limited = shutdownTimeout < Infinity;
      if (slotsUsed + waiting > 0) {
        const limit = limited ? `; what has not ended in ${shutdownTimeout / 1_000} s (shutdownTimeout) is aborted` : '';
        nestLog.log(`pool "${name}": ${closing}: ${slotsUsed} running, ${waiting} waiting${limit}`);
      }
      if (limited) this.#limits.push(this.#clock.after(shutdownTimeout, () => void this.drain(name)));
    }
  }

  /** Resolves when nothing is left of the pool's runners. */
  drain(name: string): Promise<void> {
    return this.#pools.get(name)!.drain(closing, this.#since);
  }

  async drainAll(): Promise<void> {
    await Promise.all(Array.from(this.#pools.keys(), (name) => this.drain(name)));
    for (const cancel of this.#limits.splice(0)) cancel();
  }
}
