import type { RunnerChoice } from './runner-choice.js';

/**
 * The options of a pool. Names and meanings are FLAME's, camel-cased. Every duration is in milliseconds.
 */
export interface PoolOptions<Backend = unknown> {
  /** Required, unique in the app: what `@OnFlame` and `flame.on` name. */
  name: string;
  /**
   * Runners kept at all times. They are booted, ten at a time, before the app counts as started, and replaced when they go.
   * Inside a runner it counts as 0.
   *
   * @default 0
   */
  min?: number;
  /** Required, at least 1: the most machines, those being made and those not yet confirmed gone included. */
  max: number;
  /**
   * Slots per runner; a call, a stream or a child holds one until it ends. The pool boots another runner when all slots are taken, so calls
   * that compute, such as password hashes, want 1: of a hundred slots they never leave the first runner, where they wait for each other. A
   * runner whose event loop, or thread pool, was busy for three seconds with several calls is warned of once, while the pool could boot
   * another.
   *
   * @default 100
   */
  maxConcurrency?: number;
  /**
   * Processes per machine, so that CPU-bound handlers use all of its cores: a runner is one Node process, and with 4 of them a machine has
   * 4, each with the whole app, which share its slots. `'auto'` takes as many as the runner's machine has processors for it: by its
   * affinity and its cgroup's CPU quota, fractions rounded down; on machines elsewhere at most 64. LocalBackend has one process in any
   * case.
   *
   * @default 1
   */
  processes?: number | 'auto';
  /**
   * A runner stops after its first call; the pool refills to `min` afterwards.
   *
   * @default false
   */
  singleUse?: boolean;
  /** How machines are made; the module's backend when left out. */
  backend?: Backend;
  /**
   * Level at which the pool tells through Nest's logger what it does; warnings and errors are told in any case.
   *
   * @default false
   */
  log?: PoolLogLevel | false;
  /**
   * Whether what Nest says of a runner's start (modules, routes) comes to the parent's log, too. A boot that fails shows it in any case.
   *
   * @default false
   */
  logStartup?: boolean;
  /**
   * Time a handler may run; also the default for a call. `Infinity` for no limit. The clock starts when the call is handed to a runner.
   *
   * @default 30_000
   */
  handlerTimeout?: number;
  /**
   * Time for a machine to boot and attach. Then it is destroyed, and the boot counts as failed.
   *
   * @default 30_000
   */
  bootTimeout?: number;
  /**
   * How long a call without a timeout of its own waits for a slot, a boot included. Less than `bootTimeout` is a warning at start.
   *
   * @default bootTimeout
   */
  queueTimeout?: number;
  /**
   * Time that running work gets when a runner must stop.
   *
   * @default 30_000
   */
  shutdownTimeout?: number;
  /**
   * Idle time before a runner beyond what `min` and `headroom` need stops. With `check`, which runs on the runner, it stops only if that
   * says true; otherwise the pool asks again after the same time.
   *
   * @default 30_000
   */
  idleShutdownAfter?: number | { after: number; check: () => boolean | Promise<boolean> };
  /**
   * The same for those that `min` and `headroom` need. Once they have gone, the next call brings them back.
   *
   * @default Infinity
   */
  minIdleShutdownAfter?: number;
  /** Called when the pool starts to boot a runner; `count` is the number of runners it grows to. */
  onGrowStart?: (meta: PoolHookMeta) => void;
  /** Called when a boot has ended; `result` is `'ok'` or the error. */
  onGrowEnd?: (result: 'ok' | Error, meta: PoolHookMeta) => void;
  /** Called when a runner has gone; `count` is the number left. */
  onShrink?: (meta: PoolHookMeta) => void;
  /**
   * Keep a runner, and the slot, while resources that a result handed out are alive.
   *
   * @default false
   */
  trackResources?: boolean;
  /**
   * Calls that may wait; one more is refused with `FLAME_REFUSED`.
   *
   * @default 10_000
   */
  maxQueue?: number;
  /**
   * Free slots the pool keeps ready: it boots ahead of demand, up to `max`.
   *
   * @default 0
   */
  headroom?: number;
  /**
   * Which runner a call goes to: `'spread'`, the least loaded; `'pack'`, the fullest with room, which lets others idle out;
   * or a function that picks one of the runners with room.
   *
   * @default 'spread'
   */
  strategy?: RunnerChoice;
  /**
   * Age at which a runner takes no new calls, ends when its work is done and is replaced if there is need. Counted from its attaching.
   *
   * @default Infinity
   */
  maxLifetime?: number;
  /**
   * Whether a `min` runner that cannot boot stops the app at start, or is tried again in the background.
   *
   * @default 'required'
   */
  minBoot?: 'required' | 'degrade';
}

export type PoolLogLevel = 'debug' | 'log' | 'warn' | 'error';

/** What the growth hooks are told. */
export interface PoolHookMeta {
  readonly name: string;
  readonly count: number;
}
