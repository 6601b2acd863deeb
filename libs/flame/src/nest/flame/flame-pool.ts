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
 * A pool of this app: what `@InjectPool(name)` and `flame.pool(name)` give. It can be injected anywhere; it answers once the app has
 * started, that is from `onModuleInit` on. In a runner it has no runners.
 */
export class FlamePool {
  readonly name: string;
  readonly #app: FlameApp;

  constructor(name: string, app: FlameApp) {
    this.name = name;
    this.#app = app;
  }

  /** Everything that happens to the pool, as it happens. May be subscribed to at any time; completes when the pool has drained. */
  get events$(): Observable<PoolEvent> {
    return defer(() => from(this.#app.whenOpen)).pipe(switchMap(({ pools }) => pools.get(this.name)!.events$));
  }

  /** The pool at this moment. */
  stats(): PoolStats {
    return this.#pool('stats').stats();
  }

  /** Its numbers: counters since the app's start, histograms, and what is at this moment. See `PoolMetrics`. */
  metrics(): PoolMetrics {
    return this.#pool('metrics').metrics();
  }

  /**
   * Changes the pool's size while it works. Runners above a smaller `max` finish what they do and stop.
   *
   * @throws {FlameError} FLAME_CONFIG when `min` is above `max`, or in a runner, whose pools are not its own.
   */
  resize(size: { min?: number; max?: number }): void {
    if (this.#app.inRunner)
      throw new FlameError(
        'FLAME_CONFIG',
        `pool "${this.name}" resize() was called in a runner, where pools have no runners. Call it at the parent.`,
      );
    this.#pool('resize').resize(size);
  }

  /** The calls at this moment, at most `limit` of each kind: those that hold slots, and those that wait, first come first. */
  calls(limit = 1_000): { running: CallStats[]; waiting: CallStats[] } {
    return this.#pool('calls').calls(limit);
  }

  /** The last 50 failures, newest first: handlers that threw, calls that FLAME failed, boots, lost runners. */
  get failures(): readonly PoolFailure[] {
    return this.#pool('failures').failures;
  }

  /**
   * Lets calls wait, as long as their `queueTimeout` allows, until `resume()`: while a database moves, or a provider is down. What runs goes
   * on, and `min` runners are kept. `reason` is what calls that waited too long are told.
   */
  pause(reason?: string): void {
    this.#pool('pause').pause(reason);
  }

  /** Ends a pause. Does nothing when there is none. */
  resume(): void {
    this.#pool('resume').resume();
  }

  /**
   * Gives one runner no new calls, and what runs there `shutdownTimeout`. Resolves when nothing is left of it; the pool boots another where
   * it needs one.
   *
   * @throws {FlameError} FLAME_CONFIG when the pool has no such runner.
   */
  drainRunner(id: string): Promise<void> {
    return this.#pool('drainRunner').drainRunner(id);
  }

  /**
   * Takes no more calls, gives those that run `shutdownTimeout`, then stops every runner. Resolves when nothing is left of them.
   * Idempotent; the app does it itself when it closes.
   */
  drain(): Promise<void> {
    return this.#pool('drain').drain();
  }

  #pool(asker: string): ReturnType<FlameApp['pool']> {
    return this.#app.pool(this.name, `${asker}() of pool "${this.name}"`);
  }
}
