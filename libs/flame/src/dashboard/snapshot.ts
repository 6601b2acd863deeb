/**
 * What the server tells the page, event by event. Times are milliseconds; `at` is the server's wall clock. It imports nothing, for the page
 * is compiled for browsers.
 */
export interface Hello {
  /** Which instance of the app this is: `host, pid 4712`. Each one has pools of its own. */
  readonly instance: string;
  /** Shows that an order comes from this page; undefined where the page may give none. */
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
  /** Slots that are taken, and that ready runners have. */
  readonly running: number;
  readonly slots: number;
  readonly waiting: number;
  /** How long the first of them has waited. */
  readonly waitingFor: number;
  /** Why calls wait, in one sentence; undefined when none does. */
  readonly why: string | undefined;
  readonly paused: string | undefined;
  readonly draining: boolean;
  readonly runners: readonly RunnerView[];
  /** What holds slots, and what waits: the first of them. */
  readonly work: readonly WorkView[];
  readonly queue: readonly WorkView[];
  /** What has ended since the snapshot before; `more` ended beside. */
  readonly ended: readonly EndedView[];
  readonly more: number;
  /** How many have ended since the last sample of the history. */
  readonly unsampled: number;
  /** The failures, newest first, when there is a new one. */
  readonly failures: readonly FailureView[] | undefined;
  readonly cost: CostView;
}

export interface RunnerView {
  readonly id: string;
  readonly machine: string | undefined;
  readonly state: 'booting' | 'ready' | 'leaving' | 'stopping';
  /** What a boot is at; undefined once it is over. */
  readonly phase: string | undefined;
  readonly load: number;
  readonly slots: number;
  readonly served: number;
  /** Milliseconds since it attached, or since its boot began. */
  readonly age: number;
  readonly suspended: boolean;
  /** Share of one core, bytes, and milliseconds by which the event loop is late at the worst, where the runner tells. */
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
  /** Milliseconds of waiting, or of running. */
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

/** Runner-seconds since the start: what machines were kept for, and what of it calls used. */
export interface CostView {
  readonly paid: number;
  readonly used: number;
}

/** One pool over one interval of its history. */
export interface Sample {
  readonly at: number;
  /** At the end of the interval. */
  readonly running: number;
  readonly slots: number;
  readonly waiting: number;
  readonly ready: number;
  readonly booting: number;
  /** Within the interval: calls that ended well, and those that did not. */
  readonly ok: number;
  readonly failed: number;
  /** How long calls ran, half of them and 95 of 100 at most, and how long 95 of 100 waited at most; undefined when there were none. */
  readonly ran50: number | undefined;
  readonly ran95: number | undefined;
  readonly waited95: number | undefined;
  /** Runner-seconds within the interval. */
  readonly paid: number;
  readonly used: number;
}
