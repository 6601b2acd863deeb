import type { BootPhase } from '../errors/boot-error.js';
import type { HistogramNumbers } from './histogram.js';
import type { RunnerState } from '../pool/entries.js';

/** How calls end: the handler answered, it threw, or FLAME failed the call, by the code of its error. */
export const callOutcomes = [
  'returned',
  'threw',
  'refused',
  'boot',
  'timeout',
  'cancelled',
  'lost',
  'encoding',
  'denied',
  'config',
] as const;
export type CallOutcome = (typeof callOutcomes)[number];

/** How boots end: the runner is up, or the boot failed in one of its phases. */
export const bootOutcomes = ['up', 'create', 'start', 'attach', 'handshake'] as const satisfies readonly ('up' | BootPhase)[];
export type BootOutcome = (typeof bootOutcomes)[number];

/**
 * The numbers of one pool at one moment: what Prometheus, `flame.v1.Metrics`, `nestjs-flame top` and the dashboard all read, and the one
 * place where they come from. What counts up does so since the app's start and never goes down; two snapshots give a rate. Times are
 * milliseconds.
 */
export interface PoolMetrics {
  readonly pool: string;
  /** The backend's name. */
  readonly backend: string;
  /** The wall clock, in milliseconds since 1970. */
  readonly at: number;
  readonly min: number;
  readonly max: number;
  /** Slots of the runners that are up, and those of them in use. */
  readonly slots: number;
  readonly slotsUsed: number;
  /** Calls that wait for a slot, and how long the first of them has waited. */
  readonly waiting: number;
  readonly waitingFor: number;
  readonly paused: boolean;
  readonly draining: boolean;
  readonly runners: Readonly<Record<RunnerState, number>>;

  /** Counts up: calls taken, methods of children and attempts of `retry` included, and how they ended. */
  readonly callsTaken: number;
  readonly calls: Readonly<Record<CallOutcome, number>>;
  /** How long calls waited for a slot, those that gave up waiting included. */
  readonly wait: HistogramNumbers;
  /** How long calls held their slot, from the moment they were handed to a runner. */
  readonly duration: HistogramNumbers;
  /** Counts up: bytes of arguments that were sent, and of results and errors that came back. Items of streams are not in it. */
  readonly bytesSent: number;
  readonly bytesReceived: number;

  /** Counts up: boots that have ended, and how long those took that succeeded. */
  readonly boots: Readonly<Record<BootOutcome, number>>;
  readonly bootDuration: HistogramNumbers;

  /**
   * Counts up: milliseconds that runners existed, from the order to make them until nothing was left of them (`paid`), and those of it in
   * which at least one slot was in use (`used`). What is between the two is what elasticity costs: booting, idling, leaving.
   */
  readonly paid: number;
  readonly used: number;

  /** Counts up: lines that runners logged or printed, and those of them that were dropped. */
  readonly logLines: number;
  readonly logLinesDropped: number;

  readonly perRunner: readonly RunnerMetrics[];
}

/** One runner's numbers. */
export interface RunnerMetrics {
  readonly runner: string;
  readonly state: RunnerState;
  /** Which part of its boot a booting runner is in; undefined later. */
  readonly phase: BootPhase | undefined;
  readonly slots: number;
  readonly slotsUsed: number;
  /** Calls handed to it so far. */
  readonly served: number;
  /** Milliseconds since it was ordered, and since it attached; 0 before. */
  readonly exists: number;
  readonly age: number;
  /** What its process said of itself last, a few seconds ago at most; undefined before, and for runners in the parent's own process. */
  readonly processStats: RunnerProcessStats | undefined;
}

/** How a runner's process is; of several processes the sum, of delays the longest. */
export interface RunnerProcessStats {
  readonly processes: number;
  /** Counts up: milliseconds of CPU time. */
  readonly cpu: number;
  /** Bytes of resident memory, and of JavaScript's heap in use. */
  readonly memory: number;
  readonly heap: number;
  /** By how many milliseconds the event loop was late, since the last time: 99 of 100 times at most, and at the worst. */
  readonly delay: number;
  readonly delayMax: number;
}
