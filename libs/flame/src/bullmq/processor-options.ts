import type { WorkerOptions } from 'bullmq';
import { OptionReader } from '../core/options/option-reader.js';

/** Options of `@FlameProcessor`. */
export interface FlameProcessorOptions {
  /**
   * How long a job may run, in milliseconds, from when it is sent to a runner. After that it fails with `FLAME_TIMEOUT`. `Infinity` for no
   * limit.
   *
   * @default the pool's `handlerTimeout`
   */
  handlerTimeout?: number;
  /**
   * Whether a job may safely run twice. A job that was lost with its runner is then repeated once on another runner at once, without the
   * loss of an attempt, and a job that is cut off when the app closes goes back to its queue. Otherwise both count as a failed attempt of
   * the job.
   *
   * @default false
   */
  idempotent?: boolean;
  /**
   * The most jobs that this instance of the app takes at a time, for a pool that other queues or calls use, too. Never more than the pool's
   * slots.
   *
   * @default the pool's slots, `max × maxConcurrency`
   */
  concurrency?: number;
  /**
   * How long a job that did not run stays in its queue before it is taken again, in milliseconds: no runner could be booted, or none was
   * free within `queueTimeout`. It loses no attempt.
   *
   * @default 5_000
   */
  retryDelay?: number;
  /** Further options of BullMQ's worker, such as `lockDuration` or `limiter`. */
  worker?: Partial<Omit<WorkerOptions, 'autorun' | 'concurrency'>>;
}

/** The options with their defaults, and the pool. */
export interface ReadProcessorOptions {
  /** The decorator and its class, for errors. */
  readonly path: string;
  readonly pool: string;
  readonly handlerTimeout: number | undefined;
  readonly idempotent: boolean;
  readonly concurrency: number;
  readonly retryDelay: number;
}

/** @throws {FlameError} FLAME_CONFIG that names the option's path and the fix. */
export function readProcessorOptions(pool: string, options: FlameProcessorOptions, type: string): ReadProcessorOptions {
  const path = `@FlameProcessor on ${type}`;
  const read = new OptionReader({ pool, ...options }, path);
  const { autorun, concurrency } = (read.raw('worker') ?? {}) as Partial<WorkerOptions>;
  if (autorun !== undefined || concurrency !== undefined)
    throw read.refuse(
      'worker',
      `must not have ${autorun === undefined ? 'concurrency' : 'autorun'}`,
      'The worker starts when the app has started, and takes as many jobs as the pool has slots. Set the option concurrency for fewer.',
    );
  const given: ReadProcessorOptions = {
    path,
    pool: read.text('pool'),
    handlerTimeout: read.raw('handlerTimeout') === undefined ? undefined : read.duration('handlerTimeout', Infinity),
    idempotent: read.flag('idempotent', false),
    concurrency: read.raw('concurrency') === undefined ? Infinity : read.count('concurrency', 1),
    retryDelay: read.duration('retryDelay', 5_000),
  };
  read.done();
  return given;
}
