/**
 * The events that the server sends to the page. Times are milliseconds; `at` is the server's wall clock. This file imports nothing, because
 * the page is compiled for browsers.
 */
export interface Hello {
  /** The instance of the app: `host, pid 4712`. Each instance has its own pools. */
  readonly instance: string;
  /** Proves that an action comes from this page; undefined without the option `actions`. */
  readonly token: string | undefined;
  /** Milliseconds between two samples of `history`. */
  readonly every: number;
  /** The last hour of each pool, oldest first. */
  readonly history: Readonly<Record<string, readonly Sample[]>>;
  readonly failures: Readonly<Record<string, readonly FailureView[]>>;
}

/** All pools at one moment. */
export interface Snapshot {
  readonly at: number;
  readonly pools: readonly PoolView[];
}

export interface PoolView {
  readonly name: string;
  /** The backend's name. */
  readonly backend: string;
  readonly min: number;
  readonly max: number;
  /** Slots in use, and slots of all ready runners. */
  readonly running: number;
  readonly slots: number;
  readonly waiting: number;
  /** How long the oldest waiting call has waited. */
  readonly waitingFor: number;
  /** Why calls wait, in one sentence; undefined if no call waits. */
  readonly why: string | undefined;
  readonly paused: string | undefined;
  readonly draining: boolean;
  readonly runners: readonly RunnerView[];
  /** The first calls that hold slots, and the first waiting calls. */
  readonly work: readonly WorkView[];
  readonly queue: readonly WorkView[];
  /** Calls that ended since the previous snapshot. `more` is the number of further ended calls. */
  readonly ended: readonly EndedView[];
  readonly more: number;
  /** The number of calls that ended since the last sample of the history. */
  readonly unsampled: number;
  /** The failures, newest first; only if there is a new one. */
  readonly failures: readonly FailureView[] | undefined;
  readonly cost: CostView;
}

export interface RunnerView {
  readonly id: string;
  readonly machine: string | undefined;
  readonly state: 'booting' | 'ready' | 'leaving' | 'stopping';
  /** The current phase of the boot; undefined after the boot. */
  readonly phase: string | undefined;
  readonly load: number;
  readonly slots: number;
  readonly served: number;
  /** Milliseconds since it attached, or since its boot began. */
  readonly age: number;
  readonly suspended: boolean;
  /**
   * CPU use as a share of one core, memory in bytes, and the worst event-loop delay in milliseconds; undefined if the runner does not
   * report them.
   */
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  readonly lag: number | undefined;
}

export interface WorkView {
  readonly id: number;
  readonly handler: string;
  readonly runner: string | undefined;
  /** `waiting`, `running`, `streaming`, `ending`, `stuck` or `held`. */
  readonly state: string;
  /** Milliseconds for which the call has waited or run. */
  readonly for: number;
}

export interface EndedView {
  readonly id: number;
  readonly handler: string;
  readonly runner: string;
  /** When it ended, and how long it ran. */
  readonly at: number;
  readonly ran: number;
  /** Whether it threw, or failed in another way. */
  readonly failed: boolean;
}

export interface FailureView {
  readonly at: number;
  readonly type: 'boot' | 'lost' | 'threw' | 'call';
  readonly code: string;
  readonly message: string;
  readonly handler: string | undefined;
  readonly runner: string | undefined;
  readonly count: number;
}

/** Runner-seconds since the start: the time for which machines were kept, and the part of it that calls used. */
export interface CostView {
  readonly paid: number;
  readonly used: number;
}

/** One pool over one interval of its history. */
export interface Sample {
  readonly at: number;
  /** Values at the end of the interval. */
  readonly running: number;
  readonly slots: number;
  readonly waiting: number;
  readonly ready: number;
  readonly booting: number;
  /** Calls that ended within the interval: successful and failed ones. */
  readonly ok: number;
  readonly failed: number;
  /** The run time's 50th and 95th percentile, and the wait time's 95th percentile; undefined if there were no calls. */
  readonly ran50: number | undefined;
  readonly ran95: number | undefined;
  readonly waited95: number | undefined;
  /** Runner-seconds within the interval. */
  readonly paid: number;
  readonly used: number;
}
