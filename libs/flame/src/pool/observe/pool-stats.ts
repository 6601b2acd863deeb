import type { RunnerState } from '../../core/pool/entries.js';

/** The current state of a pool. */
export interface PoolStats {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly maxConcurrency: number;
  /** The number of calls that wait for a slot, and how long the first of them has waited, in milliseconds. */
  readonly waiting: number;
  readonly waitingFor: number;
  /** Slots in use. */
  readonly running: number;
  /** All machines of the pool: booting, ready, leaving, and those not yet confirmed gone. */
  readonly runners: readonly RunnerStats[];
  /** Why the pool is paused; undefined if it is not. */
  readonly paused: string | undefined;
  readonly draining: boolean;
  /** Calls taken since the start, and how they ended. */
  readonly calls: CallCounts;
}

/** How many calls of a pool began and ended since the app's start, by the way they ended. */
export interface CallCounts {
  readonly started: number;
  readonly returned: number;
  /** The handler threw. */
  readonly threw: number;
  /** FLAME's own errors. */
  readonly failed: number;
}

/** The current state of a runner. */
export interface RunnerStats {
  readonly id: string;
  /** The platform's name for the runner's machine; undefined during the boot. */
  readonly machine: string | undefined;
  readonly state: RunnerState;
  /** Slots in use, of `slots`. */
  readonly load: number;
  readonly slots: number;
  /** Calls passed to it so far. */
  readonly served: number;
  /** Milliseconds since it attached; 0 before that. */
  readonly age: number;
  readonly suspended: boolean;
}
