import { quantileOf } from '../core/metrics/histogram.js';
import type { HistogramNumbers } from '../core/metrics/histogram.js';
import type { PoolMetrics, RunnerMetrics } from '../core/metrics/pool-metrics.js';
import type { Sample } from './snapshot.js';

/** Milliseconds between two samples, and the number of samples for an hour. */
export const sampleEvery = 10_000;
export const samplesKept = 360;

/** The last hour of one pool: a sample every ten seconds, oldest first. Counts in a sample cover the time since the previous sample. */
export class PoolHistory {
  readonly #samples: Sample[] = [];
  #last: PoolMetrics;

  constructor(now: PoolMetrics) {
    this.#last = now;
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  take(now: PoolMetrics): Sample {
    const last = this.#last;
    const ran = since(last.duration, now.duration);
    const ok = now.calls.returned - last.calls.returned;
    const sample: Sample = {
      at: now.at,
      running: now.slotsUsed,
      slots: now.slots,
      waiting: now.waiting,
      ready: now.runners.ready,
      booting: now.runners.booting,
      ok,
      failed: total(Object.values(now.calls)) - total(Object.values(last.calls)) - ok,
      ran50: quantileOf(ran, 0.5),
      ran95: quantileOf(ran, 0.95),
      waited95: quantileOf(since(last.wait, now.wait), 0.95),
      paid: (now.paid - last.paid) / 1_000,
      used: (now.used - last.used) / 1_000,
    };
    this.#last = now;
    this.#samples.push(sample);
    if (this.#samples.length > samplesKept) this.#samples.shift();
    return sample;
  }
}

/** The values that were added to a histogram between two moments. */
function since(before: HistogramNumbers, now: HistogramNumbers): HistogramNumbers {
  return { bounds: now.bounds, counts: now.counts.map((count, n) => count - before.counts[n]!), sum: now.sum - before.sum };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

interface Reading {
  readonly cpu: number;
  readonly at: number;
  readonly share: number | undefined;
}

/** Each runner's share of one CPU core, measured between two of its reports. */
export class CpuShares {
  #readings = new Map<string, Reading>();

  /** Takes the runners' latest reports, and forgets the runners that are gone. */
  take(runners: readonly RunnerMetrics[], at: number): void {
    const readings = new Map<string, Reading>();
    for (const { runner, processStats } of runners) {
      if (!processStats) continue;
      const last = this.#readings.get(runner);
      if (last?.cpu === processStats.cpu && at - last.at < 15_000) readings.set(runner, last);
      else readings.set(runner, { cpu: processStats.cpu, at, share: last && Math.max(0, processStats.cpu - last.cpu) / (at - last.at) });
    }
    this.#readings = readings;
  }

  of(runner: string): number | undefined {
    return this.#readings.get(runner)?.share;
  }
}
