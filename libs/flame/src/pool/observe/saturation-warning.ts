import type { Saturation } from '../../core/metrics/saturation.js';
import type { PoolSetup } from '../pool-setup.js';

/** The current and the largest size of a pool. */
export interface PoolSize {
  readonly runners: Iterable<unknown>;
  readonly max: number;
  readonly paused: string | undefined;
  readonly draining: boolean;
}

/** Warns once that calls wait for each other on a runner, while the pool can boot another one. */
export class SaturationWarning {
  readonly #config: PoolSetup['config'];
  readonly #warn: (text: string) => void;
  #given = false;

  constructor(config: PoolSetup['config'], warn: (text: string) => void) {
    this.#config = config;
    this.#warn = warn;
  }

  add(runner: string, { calls, over, loop, queue }: Saturation, { runners, max, paused, draining }: PoolSize): void {
    const { maxConcurrency } = this.#config;
    const count = [...runners].length;
    if (this.#given || maxConcurrency === 1 || count >= max || paused !== undefined || draining) return;
    this.#given = true;
    const how =
      loop >= queue
        ? `its event loop was busy for ${Math.round(loop * 100)} %`
        : `Node's thread pool had a queue for ${Math.round(queue * 100)} %`;
    this.#warn(
      `up to ${calls} calls ran at once on runner ${runner}, where ${how} of ${(over / 1000).toFixed(1)} s. So the calls wait for each other, ` +
        `while the pool has ${count} of at most ${max} runners. Lower maxConcurrency (now ${maxConcurrency}; use 1 for calls that compute), ` +
        `so that the pool boots another runner instead.`,
    );
  }
}
