import { MalformedError } from '../../core/codec/codec.js';
import type { RunnerProcessStats } from '../../core/metrics/pool-metrics.js';
import type { Saturation } from '../../core/metrics/saturation.js';
import { readProcessStats } from '../../core/metrics/process-stats.js';
import type { ProcessStats } from '../../core/metrics/process-stats.js';

/** More processes than a machine ever has. Stats of further processes are dropped. */
const most = 1_024;

/** The latest stats of each process of a runner. */
export class StatsOfProcesses {
  readonly #processes = new Map<number, ProcessStats>();
  readonly #onSaturation: (found: Saturation) => void;

  constructor(onSaturation: (found: Saturation) => void) {
    this.#onSaturation = onSaturation;
  }

  /** @throws {MalformedError} when `text` is not valid process stats. */
  take(text: string): void {
    let stats: ProcessStats;
    try {
      stats = readProcessStats(text);
    } catch (error) {
      throw new MalformedError(`the stats that a runner's process sent cannot be read: ${(error as Error).message}`, { cause: error });
    }
    if (this.#processes.size < most || this.#processes.has(stats.pid)) this.#processes.set(stats.pid, stats);
    if (stats.saturation) this.#onSaturation(stats.saturation);
  }

  /** The stats of all processes together; undefined before the first ones. */
  get sum(): RunnerProcessStats | undefined {
    if (this.#processes.size === 0) return undefined;
    const sum = { processes: this.#processes.size, cpu: 0, memory: 0, heap: 0, delay: 0, delayMax: 0 };
    for (const { cpu, memory, heap, delay, delayMax } of this.#processes.values()) {
      sum.cpu += cpu;
      sum.memory += memory;
      sum.heap += heap;
      sum.delay = Math.max(sum.delay, delay);
      sum.delayMax = Math.max(sum.delayMax, delayMax);
    }
    return sum;
  }
}
