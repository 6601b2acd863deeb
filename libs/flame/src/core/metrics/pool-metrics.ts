import type { BootPhase } from '../errors/boot-error.js';
import type { HistogramNumbers } from './histogram.js';
import type { RunnerState } from '../pool/entries.js';

/** The outcomes of calls: the handler returned, it threw, or the library failed the call with an error of that code. */
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
/** One of `callOutcomes`. */
export type CallOutcome = (typeof callOutcomes)[number];

/** The outcomes of boots: the runner is up, or the boot failed in that phase. */
export const bootOutcomes = ['up', 'create', 'start', 'attach', 'handshake'] as const satisfies readonly ('up' | BootPhase)[];
/** One of `bootOutcomes`. */
export type BootOutcome = (typeof bootOutcomes)[number];

/**
 * The metrics of one pool at one moment. Prometheus, `flame.v1.Metrics`, `nestjs-flame top` and the dashboard all read them from here.
 * Counters start with the app and never decrease; the difference of two snapshots gives a rate. Times are in milliseconds.
 */
export interface PoolMetrics {
  readonly pool: string;
  /** The backend's name. */
  readonly backend: string;
  /** The wall clock, in milliseconds since 1970. */
  readonly at: number;
  readonly min: number;
  readonly max: number;
  /** The slots of the runners that are up, and the number of slots in use. */
  readonly slots: number;
  readonly slotsUsed: number;
  /** The number of calls that wait for a slot, and the time for which the oldest one has waited. */
  readonly waiting: number;
  readonly waitingFor: number;
  readonly paused: boolean;
  readonly draining: boolean;
  readonly runners: Readonly<Record<RunnerState, number>>;

  /** Counters: accepted calls, including methods of children and attempts of `retry`, and ended calls by outcome. */
  readonly callsTaken: number;
  readonly calls: Readonly<Record<CallOutcome, number>>;
  /** The time for which calls waited for a slot, including calls that never got one. */
  readonly wait: HistogramNumbers;
  /** The time for which calls held their slot, from the moment at which they were sent to a runner. */
  readonly duration: HistogramNumbers;
  /** Counters: bytes of arguments sent, and of results and errors received. Items of streams are not included. */
  readonly bytesSent: number;
  readonly bytesReceived: number;

  /** Counters: ended boots by outcome, and the durations of the successful ones. */
  readonly boots: Readonly<Record<BootOutcome, number>>;
  readonly bootDuration: HistogramNumbers;

  /**
   * Counters: milliseconds for which runners existed, from the boot request until the platform had removed them (`paid`), and the part of
   * this time in which at least one slot was in use (`used`). The difference is the cost of elasticity: booting, idling and leaving.
   */
  readonly paid: number;
  readonly used: number;

  /** Counters: lines that runners logged or printed, and dropped lines. */
  readonly logLines: number;
  readonly logLinesDropped: number;

  readonly perRunner: readonly RunnerMetrics[];
}

/** The metrics of one runner. */
export interface RunnerMetrics {
  readonly runner: string;
  readonly state: RunnerState;
  /** The phase of its boot; undefined once the runner is up. */
  readonly phase: BootPhase | undefined;
  readonly slots: number;
  readonly slotsUsed: number;
  /** The number of calls sent to it so far. */
  readonly served: number;
  /** Milliseconds since its boot began, and since it attached; 0 before that. */
  readonly exists: number;
  readonly age: number;
  /**
   * The last stats that its process reported, a few seconds old at most. Undefined before that, and for runners in the parent's process.
   */
  readonly processStats: RunnerProcessStats | undefined;
}

/** The stats of a runner's process. For several processes: their sum, and for delays their maximum. */
export interface RunnerProcessStats {
  readonly processes: number;
  /** Counter: milliseconds of CPU time. */
  readonly cpu: number;
  /** Bytes of resident memory, and of V8's heap in use. */
  readonly memory: number;
  readonly heap: number;
  /** The delay of the event loop since the last report, in milliseconds: its 99th percentile and its maximum. */
  readonly delay: number;
  readonly delayMax: number;
}
