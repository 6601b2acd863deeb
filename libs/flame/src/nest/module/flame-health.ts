import { Injectable } from '@nestjs/common';
import type { PoolMetrics } from '../../core/metrics/pool-metrics.js';
import { FlameApp } from './flame-app.js';

/** Options of `FlameHealthIndicator.check`. */
export interface FlameHealthOptions {
  /** The names of the pools to check; all of the app's when left out. */
  readonly pools?: readonly string[];
  /**
   * How long the oldest waiting call may have waited, in milliseconds, before its pool is down.
   *
   * @default Infinity
   */
  readonly maxWait?: number;
}

/** One entry of a health check, in the form of `@nestjs/terminus`. */
export type FlameHealthResult<K extends string = string> = Record<
  K,
  { status: 'up' | 'down'; pools: Record<string, { status: 'up' | 'down'; runners: number; waiting: number; reason?: string }> }
>;

/**
 * The health of the pools, for `@nestjs/terminus`: `health.check([() => flame.check('flame')])`. A pool is down when it takes no more
 * calls, when a call has waited longer than `maxWait`, or when calls wait and every boot so far has failed. In a runner, which has no
 * pools, the check is up.
 */
@Injectable()
export class FlameHealthIndicator {
  readonly #app: FlameApp;

  constructor(app: FlameApp) {
    this.#app = app;
  }

  /** @throws {FlameError} FLAME_CONFIG for a pool that is not there, FLAME_REFUSED before the app has started. */
  check<K extends string>(key: K, { pools, maxWait = Infinity }: FlameHealthOptions = {}): FlameHealthResult<K> {
    const asker = 'FlameHealthIndicator.check()';
    const names = this.#app.inRunner ? [] : (pools ?? [...this.#app.opened(asker).pools.keys()]);
    const entries = names.map((name) => {
      const metrics = this.#app.pool(name, asker).metrics();
      const reason = whyDown(metrics, maxWait);
      const { perRunner, waiting } = metrics;
      const status: 'up' | 'down' = reason === undefined ? 'up' : 'down';
      return [name, { status, runners: perRunner.length, waiting, ...(reason === undefined ? {} : { reason }) }] as const;
    });
    const status = entries.some(([, { status: one }]) => one === 'down') ? 'down' : 'up';
    return { [key]: { status, pools: Object.fromEntries(entries) } } as FlameHealthResult<K>;
  }
}

function whyDown({ draining, waiting, waitingFor, runners, boots }: PoolMetrics, maxWait: number): string | undefined {
  if (draining) return 'it accepts no more calls';
  if (waitingFor > maxWait) return `the oldest waiting call has waited for ${Math.round(waitingFor)} ms`;
  const failed = boots.create + boots.start + boots.attach + boots.handshake;
  if (waiting > 0 && boots.up === 0 && failed > 0 && runners.ready === 0) return `every boot so far has failed (${failed})`;
  return undefined;
}
