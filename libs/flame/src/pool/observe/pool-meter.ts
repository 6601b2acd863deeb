import type { BootError } from '../../core/errors/boot-error.js';
import type { FlameErrorCode } from '../../core/errors/flame-error.js';
import { Histogram } from '../../core/metrics/histogram.js';
import { bootOutcomes, callOutcomes } from '../../core/metrics/pool-metrics.js';
import type { BootOutcome, CallOutcome, PoolMetrics } from '../../core/metrics/pool-metrics.js';

/** Bounds in milliseconds. Calls: from a call on this host to minutes of work. Boots: from a process to a machine in a cloud. */
const callBounds = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000];
const bootBounds = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000];

/** The counters of a pool. */
type Counted = Pick<
  PoolMetrics,
  'callsTaken' | 'calls' | 'wait' | 'duration' | 'bytesSent' | 'bytesReceived' | 'boots' | 'bootDuration' | 'logLines' | 'logLinesDropped'
>;

/** Counts the calls, boots and log lines of a pool. It runs for every call, so it only adds to existing numbers. */
export class PoolMeter {
  readonly #calls = zeroes(callOutcomes);
  readonly #boots = zeroes(bootOutcomes);
  readonly #wait = new Histogram(callBounds);
  readonly #duration = new Histogram(callBounds);
  readonly #bootDuration = new Histogram(bootBounds);
  #taken = 0;
  #sent = 0;
  #received = 0;
  #logLines = 0;
  #logLinesDropped = 0;

  taken(bytes: number): void {
    this.#taken += 1;
    this.#sent += bytes;
  }

  waited(time: number): void {
    this.#wait.observe(time);
  }

  ran(time: number): void {
    this.#duration.observe(time);
  }

  answered(how: 'returned' | 'threw', bytes: number): void {
    this.#calls[how] += 1;
    this.#received += bytes;
  }

  failed(code: FlameErrorCode): void {
    this.#calls[code.slice('FLAME_'.length).toLowerCase() as CallOutcome] += 1;
  }

  booted(took: number): void {
    this.#boots.up += 1;
    this.#bootDuration.observe(took);
  }

  bootFailed({ phase }: BootError): void {
    this.#boots[phase] += 1;
  }

  logged(lines: number, dropped: number): void {
    this.#logLines += lines;
    this.#logLinesDropped += dropped;
  }

  /** The calls by outcome. `failed` is the sum of all FLAME codes. */
  get counts(): { started: number; returned: number; threw: number; failed: number } {
    const { returned, threw, ...failed } = this.#calls;
    return { started: this.#taken, returned, threw, failed: Object.values(failed).reduce((sum, count) => sum + count, 0) };
  }

  get counted(): Counted {
    return {
      callsTaken: this.#taken,
      calls: { ...this.#calls },
      wait: this.#wait.numbers,
      duration: this.#duration.numbers,
      bytesSent: this.#sent,
      bytesReceived: this.#received,
      boots: { ...this.#boots } as Record<BootOutcome, number>,
      bootDuration: this.#bootDuration.numbers,
      logLines: this.#logLines,
      logLinesDropped: this.#logLinesDropped,
    };
  }
}

function zeroes<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
}
