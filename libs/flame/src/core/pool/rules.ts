import type { RunnerChoice } from '../options/runner-choice.js';

/** The part of a pool's options that the machine decides by; all durations in milliseconds. */
export interface PoolRules {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly maxConcurrency: number;
  readonly singleUse: boolean;
  readonly bootTimeout: number;
  readonly shutdownTimeout: number;
  /** Idle time before a runner above `min` is asked to stop … */
  readonly idleAfter: number;
  /** … and before one of the `min` is. */
  readonly minIdleAfter: number;
  readonly maxQueue: number;
  readonly headroom: number;
  readonly strategy: RunnerChoice;
  readonly maxLifetime: number;
}

/** Time that aborted work has to end before its runner counts as tainted. */
export const abortGrace = 1_000;

/** Time that an idle runner has to answer whether it may stop. */
export const askGrace = 10_000;
