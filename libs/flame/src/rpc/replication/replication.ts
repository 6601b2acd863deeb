import { AsyncLocalStorage } from 'node:async_hooks';
import { AbortListeners } from '../../core/call/abort-listeners.js';
import { CallScope } from '../../core/call/call-scope.js';
import type { Clock } from '../../core/clock.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { FlameLog } from '../../core/flame-log.js';
import type { Handler } from '../../nest/handlers/handler-index.js';
import { reasonOf } from '../../pool/calls/call-errors.js';
import * as errors from '../rpc-errors.js';
import type { RpcConfig } from '../rpc-options.js';
import { AwaitedCall } from './awaited-call.js';
import type { ReplicaWait, RpcCallOptions } from './await-replica.js';
import type { PositionKeeper, ReplicaWaiter, WaitFor } from './replica-waiter.js';
import type { ReplicationClock } from './replication-clock.js';

export interface ReplicationSetup {
  readonly config: Pick<RpcConfig, 'myRegion' | 'primaryRegion' | 'replicationClock'>;
  readonly clock: Clock;
  readonly log: Pick<FlameLog, 'warn'>;
}

/** How a wait ended, with the clock's error. */
interface Outcome {
  readonly how: 'reached' | 'late' | 'in vain' | 'cancelled';
  readonly cause?: unknown;
}

/** Time between two warnings about results that were returned before the replica had the writes, in milliseconds. */
const quiet = 60_000;

/** Waits until the replica of this instance's region has what calls to the primary region wrote, and keeps positions for sessions. */
export class Replication implements ReplicaWaiter {
  readonly listeners = new AbortListeners();
  readonly sessions = new AsyncLocalStorage<PositionKeeper>();
  readonly #setup: ReplicationSetup;
  #warnedAt = -Infinity;

  constructor(setup: ReplicationSetup) {
    this.#setup = setup;
  }

  get clock(): ReplicationClock | undefined {
    return this.#setup.config.replicationClock;
  }

  get isPrimary(): boolean {
    return this.#setup.config.myRegion === this.#setup.config.primaryRegion;
  }

  /** @throws {FlameError} FLAME_CONFIG if a decorator has `awaitReplica`, and there is no clock. */
  check(handlers: readonly Handler[]): void {
    if (this.clock) return;
    for (const { declaration, name } of handlers) {
      const options: RpcCallOptions | undefined = declaration?.callOptions;
      if (options?.awaitReplica) throw errors.noClock(`@OnRegion on ${name}`, 'awaitReplica');
    }
  }

  /** The positions of a call to another instance; undefined if nobody needs them. @throws {FlameError} FLAME_CONFIG without a clock. */
  ofCall(label: string, { awaitReplica: wait, signal }: RpcCallOptions, timeout: number): AwaitedCall | undefined {
    if (wait && !this.clock) throw errors.noClock(label, 'awaitReplica');
    const keeper = wait === false || !this.clock ? undefined : this.sessions.getStore();
    if (!wait && !keeper) return undefined;
    const until = this.#setup.clock.now() + timeout;
    return new AwaitedCall(this, { label, wait: wait || undefined, keeper, until, signal });
  }

  /** Runs a call in this region. In the primary region nothing is waited for; a session keeps the position. */
  async here(label: string, { awaitReplica: wait }: RpcCallOptions, run: () => Promise<unknown>): Promise<unknown> {
    if (wait) this.refuseRegion(label, this.#setup.config.myRegion);
    const keeper = wait === false || !this.isPrimary || !this.clock ? undefined : this.sessions.getStore();
    if (!keeper) return run();
    try {
      return await run();
    } finally {
      try {
        keeper.keep(await this.clock!.position());
      } catch (error) {
        this.warn(`${label} ran, but its session does not have the position of the log: ${(error as Error).message}`);
      }
    }
  }

  refuseRegion(label: string, region: string): void {
    const { primaryRegion } = this.#setup.config;
    if (region !== primaryRegion) throw errors.notPrimary(label, region, primaryRegion);
  }

  isPrimaryRegion(region: string): boolean {
    return region === this.#setup.config.primaryRegion;
  }

  async wait({ told, wait, label, until, signal, result = {} }: WaitFor): Promise<FlameError | undefined> {
    const error = await this.#failure({ told, wait, label, until, signal, result });
    if (!error || wait.onTimeout === 'fail' || error.code === 'FLAME_CANCELLED') return error;
    this.warn(`${error.message} The result is returned all the same (onTimeout: 'return').`);
    return undefined;
  }

  async #failure({ told, wait, label, until, signal, result = {} }: WaitFor): Promise<FlameError | undefined> {
    if ('unknown' in told) return errors.replicaUnknown(label, `the primary region does not know its position: ${told.unknown}`, result);
    const limit = Math.max(0, Math.min(wait.timeout, until - this.#setup.clock.now()));
    const { how, cause } = await this.#reach(told.position, limit, signal);
    switch (how) {
      case 'reached':
        return undefined;
      case 'late':
        return errors.replicaBehind(label, limit, result, cause);
      case 'in vain':
        return errors.replicaUnknown(label, (cause as Error).message, result, cause);
      case 'cancelled':
        return errors.replicaWaitCancelled(label, reasonOf(signal!), result, signal!.reason);
    }
  }

  /** Waits for the position of a session. @throws {FlameError} FLAME_TIMEOUT with `onTimeout: 'fail'`. */
  async waitForSession(position: string, { timeout, onTimeout }: ReplicaWait): Promise<'reached' | 'late' | 'in vain'> {
    const { how, cause } = await this.#reach(position, timeout, undefined);
    if (how === 'reached' || how === 'cancelled') return 'reached';
    const error = how === 'late' ? errors.sessionBehind(timeout, cause) : errors.sessionUnknown((cause as Error).message);
    if (how === 'late' && onTimeout === 'fail') throw error;
    this.warn(`${error.message} The request continues.`);
    return how;
  }

  async #reach(position: string, limit: number, signal: AbortSignal | undefined): Promise<Outcome> {
    const { clock } = this.#setup;
    const scope = new CallScope({ clock, listeners: this.listeners });
    let how: 'late' | 'cancelled' | undefined;
    const end = (as: 'late' | 'cancelled'): FlameError => ((how = as), new FlameError('FLAME_TIMEOUT', 'the wait is over'));
    scope.follow(signal, () => end('cancelled'));
    scope.limit(limit, () => end('late'));
    const work = this.clock!.reached(position, scope.signal);
    try {
      await scope.within(work);
      return { how: 'reached' };
    } catch (error) {
      if (how === undefined) return { how: 'in vain', cause: error };
      const cause = how === 'late' ? await rejection(work) : undefined;
      return { how, cause: cause === scope.reason ? undefined : cause };
    } finally {
      scope.close();
    }
  }

  warn(text: string): void {
    const now = this.#setup.clock.now();
    if (now - this.#warnedAt < quiet) return;
    this.#warnedAt = now;
    this.#setup.log.warn(text);
  }
}

/** The error with which a clock ends its wait when its signal aborts; undefined if it does not within this turn of the event loop. */
function rejection(work: Promise<void>): Promise<unknown> {
  const turn = new Promise((resolve) => setImmediate(() => resolve(undefined)));
  return Promise.race([work.catch((error: unknown) => error), turn]);
}
