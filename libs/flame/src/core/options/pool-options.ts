import type { RunnerChoice } from './runner-choice.js';

/**
 * The options of a pool. Names and meanings are FLAME's, camel-cased. Every duration is in milliseconds.
 */
export interface PoolOptions<Backend = unknown> {
  /** The name by which `@OnFlame` and `flame.on` find the pool. Required, unique in the app. */
  name: string;
  /**
   * Runners that the pool keeps at all times. They boot before the app counts as started, ten at a time, and are replaced when they end.
   * Inside a runner `min` counts as 0.
   *
   * @default 0
   */
  min?: number;
  /** The maximum number of runners, including runners that boot or whose end is not confirmed yet. Required, at least 1. */
  max: number;
  /**
   * Slots per runner. A call, a stream or a child holds a slot until it ends. The pool boots another runner when all slots are taken. So
   * use 1 for calls that compute, such as password hashes: with a hundred slots they would all run on the first runner and wait for each
   * other. The pool logs a warning, once, if several calls keep a runner's event loop or thread pool busy for three seconds while another
   * runner could boot.
   *
   * @default 100
   */
  maxConcurrency?: number;
  /**
   * Node processes per machine, so that CPU-bound handlers use all of its cores. Each process runs the whole app, and they share the
   * runner's slots. `'auto'` uses the number of processors that the machine offers: its CPU affinity and the CPU quota of its cgroup,
   * rounded down; on other hosts at most 64. LocalBackend always has one process.
   *
   * @default 1
   */
  processes?: number | 'auto';
  /**
   * Stops a runner after its first call. The pool then boots runners up to `min` again.
   *
   * @default false
   */
  singleUse?: boolean;
  /** The backend that creates the machines; by default the module's backend. */
  backend?: Backend;
  /**
   * Level at which the pool logs its actions through Nest's logger. Warnings and errors are always logged.
   *
   * @default false
   */
  log?: PoolLogLevel | false;
  /**
   * Whether the parent also logs Nest's lines about a runner's start (modules, routes). The error of a failed boot always contains them.
   *
   * @default false
   */
  logStartup?: boolean;
  /**
   * Time for which a handler may run; also the default for a call. `Infinity` for no limit. The time starts when the call is sent to a
   * runner.
   *
   * @default 30_000
   */
  handlerTimeout?: number;
  /**
   * Time for a machine to boot and attach. After that it is destroyed, and the boot has failed.
   *
   * @default 30_000
   */
  bootTimeout?: number;
  /**
   * Time for which a call without its own timeout waits for a slot, including a boot. If it is less than `bootTimeout`, the pool logs a
   * warning at its start.
   *
   * @default bootTimeout
   */
  queueTimeout?: number;
  /**
   * Time for running calls to end when a runner must stop. Then they are aborted.
   *
   * @default 30_000
   */
  shutdownTimeout?: number;
  /**
   * Idle time after which a runner that `min` and `headroom` do not need stops. With `check`, which runs on the runner, it stops only if
   * `check` returns true; otherwise the pool asks again after the same time.
   *
   * @default 30_000
   */
  idleShutdownAfter?: number | { after: number; check: () => boolean | Promise<boolean> };
  /**
   * The same for runners that `min` and `headroom` need. When they have stopped, the next call boots them again.
   *
   * @default Infinity
   */
  minIdleShutdownAfter?: number;
  /** Called when the pool starts to boot a runner; `count` is the number of runners it grows to. */
  onGrowStart?: (meta: PoolHookMeta) => void;
  /** Called when a boot has ended; `result` is `'ok'` or the error. */
  onGrowEnd?: (result: 'ok' | Error, meta: PoolHookMeta) => void;
  /** Called when a runner is gone; `count` is the number of runners left. */
  onShrink?: (meta: PoolHookMeta) => void;
  /**
   * Keeps the runner up and the call's slot taken while the caller holds resources from the result.
   *
   * @default false
   */
  trackResources?: boolean;
  /**
   * Maximum number of waiting calls. Further calls are refused with `FLAME_REFUSED`.
   *
   * @default 10_000
   */
  maxQueue?: number;
  /**
   * Number of free slots that the pool keeps ready. It boots runners ahead of demand, up to `max`.
   *
   * @default 0
   */
  headroom?: number;
  /**
   * The choice of the runner for a call: `'spread'`, the least loaded; `'pack'`, the fullest one with a free slot, so that others become
   * idle and stop; or a function that picks one of the runners with a free slot.
   *
   * @default 'spread'
   */
  strategy?: RunnerChoice;
  /**
   * Age at which a runner takes no new calls, ends after its running calls and is replaced if it is needed. Counted from its attachment.
   *
   * @default Infinity
   */
  maxLifetime?: number;
  /**
   * What happens if a `min` runner cannot boot at the app's start: `'required'` fails the start, `'degrade'` retries in the background.
   *
   * @default 'required'
   */
  minBoot?: 'required' | 'degrade';
}

/** A level of Nest's logger. */
export type PoolLogLevel = 'debug' | 'log' | 'warn' | 'error';

/** The argument of the growth hooks. */
export interface PoolHookMeta {
  readonly name: string;
  readonly count: number;
}
