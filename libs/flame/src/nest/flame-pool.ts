import { defer, from, switchMap } from 'rxjs';
import type { Observable } from 'rxjs';
import { FlameError } from '../core/flame-error.js';
import type { PoolNotice } from '../parent/pool-notice.js';
import type { PoolStats } from '../parent/pool-stats.js';
import type { FlameApp } from './flame-app.js';

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
  get events$(): Observable<PoolNotice> {
    return defer(() => from(this.#app.whenOpen)).pipe(switchMap(({ pools }) => pools.get(this.name)!.events$));
  }

  /** The pool at this moment. */
  stats(): PoolStats {
    return this.#pool('stats').stats();
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
