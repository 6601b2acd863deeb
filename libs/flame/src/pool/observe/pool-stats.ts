import type { RunnerState } from '../../core/pool/entries.js';

/** A pool at one moment. */
export interface PoolStats {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly maxConcurrency: number;
  /** Calls that wait for a slot, and for how long the first of them has, in milliseconds. */
  readonly waiting: number;
  readonly waitingFor: number;
  /** Slots in use. */
  readonly running: number;
  /** Every machine of the pool: those being made, those leaving and those not yet confirmed gone. */
  readonly runners: readonly RunnerStats[];
  /** Why calls wait though there may be room; undefined while the pool is not paused. */
  readonly paused: string | undefined;
  readonly draining: boolean;
  /** Since the start: calls taken, and how they ended. */
  readonly calls: CallCounts;
}

export interface CallCounts {
  readonly started: number;
  readonly returned: number;
  /** The handler threw. */
  readonly threw: number;
  /** FLAME's own errors. */
  readonly failed: number;
}

/** One runner at one moment. */
export interface RunnerStats {
  readonly id: string;
  /** The platform's name for its machine; undefined while it is being made. */
  readonly machine: string | undefined;
  readonly state: RunnerState;
  /** Slots in use, of `slots`. */
  readonly load: number;
  readonly slots: number;
  /** Calls handed to it so far. */
  readonly served: number;
  /** Milliseconds since it attached; 0 before. */
  readonly age: number;
  readonly suspended: boolean;
}
