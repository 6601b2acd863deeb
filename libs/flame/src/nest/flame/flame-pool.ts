import { defer, from, switchMap } from 'rxjs';
import type { Observable } from 'rxjs';
import { FlameError } from '../../core/errors/flame-error.js';
import type { PoolMetrics } from '../../core/metrics/pool-metrics.js';
import type { CallStats } from '../../pool/observe/call-stats.js';
import type { PoolFailure } from '../../pool/observe/pool-failure.js';
import type { PoolEvent } from '../../pool/observe/pool-event.js';
import type { PoolStats } from '../../pool/observe/pool-stats.js';
import type { FlameApp } from '../module/flame-app.js';

/**
 * A pool of this app, from `@InjectPool(name)` or `flame.pool(name)`. It can be injected anywhere and works from `onModuleInit` on. In a
 * runner it has no runners.
 */
export class FlamePool {
  readonly name: string;
  readonly #app: FlameApp;

  constructor(name: string, app: FlameApp) {
    this.name = name;
    this.#app = app;
  }

  /** The pool's events as they happen. Can be subscribed to at any time; completes when the pool has drained. */
  get events$(): Observable<PoolEvent> {
    return defer(() => from(this.#app.whenOpen)).pipe(switchMap(({ pools }) => pools.get(this.name)!.events$));
  }

  /** The pool's current state. */
  stats(): PoolStats {
    return this.#pool('stats').stats();
  }

  /** The pool's metrics: counters since the app's start, histograms, and gauges. See `PoolMetrics`. */
  metrics(): PoolMetrics {
    return this.#pool('metrics').metrics();
  }

  /**
   * Changes the pool's size while it works. Runners above a smaller `max` finish their calls and stop.
   *
   * @throws {FlameError} FLAME_CONFIG when `min` is above `max`, or in a runner, whose pools are not its own.
   */
  resize(size: { min?: number; max?: number }): void {
    if (this.#app.inRunner)
      throw new FlameError(
        'FLAME_CONFIG',
        `pool "${this.name}" resize() was called in a runner, where pools have no runners. Call it in the parent.`,
      );
    this.#pool('resize').resize(size);
  }

  /** The current calls, at most `limit` of each kind: those that hold slots, and those that wait, oldest first. */
  calls(limit = 1_000): { running: CallStats[]; waiting: CallStats[] } {
    return this.#pool('calls').calls(limit);
  }

  /** The last 50 failures, newest first: handlers that threw, calls that ended with a FlameError, failed boots, lost runners. */
  get failures(): readonly PoolFailure[] {
    return this.#pool('failures').failures;
  }

  /**
   * Lets new calls wait until `resume()`, at most for their `queueTimeout`: while a database moves, or a provider is down. Running calls go
   * on, and `min` runners are kept. The error of calls that waited too long names `reason`.
   */
  pause(reason?: string): void {
    this.#pool('pause').pause(reason);
  }

  /** Ends a pause. Has no effect without one. */
  resume(): void {
    this.#pool('resume').resume();
  }

  /**
   * Sends one runner no new calls, and gives its running calls `shutdownTimeout`. Resolves when nothing of it is left; the pool boots
   * another if it needs one.
   *
   * @throws {FlameError} FLAME_CONFIG when the pool has no such runner.
   */
  drainRunner(id: string): Promise<void> {
    return this.#pool('drainRunner').drainRunner(id);
  }

  /**
   * Refuses new calls, gives running ones `shutdownTimeout`, then stops every runner. Resolves when nothing of them is left. Idempotent;
   * the app does it when it closes.
   */
  drain(): Promise<void> {
    return this.#pool('drain').drain();
  }

  #pool(asker: string): ReturnType<FlameApp['pool']> {
    return this.#app.pool(this.name, `${asker}() of pool "${this.name}"`);
  }
}
