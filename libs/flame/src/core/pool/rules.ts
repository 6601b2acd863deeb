import type { RunnerChoice } from '../options/runner-choice.js';

/** The pool options on which the machine bases its decisions. All durations are in milliseconds. */
export interface PoolRules {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly maxConcurrency: number;
  readonly singleUse: boolean;
  readonly bootTimeout: number;
  readonly shutdownTimeout: number;
  /** Idle time before a runner above `min` is asked to stop. */
  readonly idleAfter: number;
  /** Idle time before one of the `min` runners is asked to stop. */
  readonly minIdleAfter: number;
  readonly maxQueue: number;
  readonly headroom: number;
  readonly strategy: RunnerChoice;
  readonly maxLifetime: number;
}

/** Time for aborted work to end before its runner counts as tainted, in milliseconds. */
export const abortGrace = 1_000;

/** Time for an idle runner to answer whether it may stop, in milliseconds. */
export const askGrace = 10_000;
