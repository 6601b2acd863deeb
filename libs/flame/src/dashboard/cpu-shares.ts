import type { RunnerMetrics } from '../core/metrics/pool-metrics.js';

interface Reading {
  readonly cpu: number;
  readonly at: number;
  readonly share: number | undefined;
}

/** What share of a core each runner uses: from one time that it tells of itself to the next. */
export class CpuShares {
  #readings = new Map<string, Reading>();

  /** Takes what the runners say now, and forgets those that are not there any more. */
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
