import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SaturationWindow } from '../../core/metrics/saturation.js';
import type { Saturation } from '../../core/metrics/saturation.js';
import type { ProcessStats } from '../../core/metrics/process-stats.js';
import { ThreadPoolQueue } from './thread-pool-queue.js';

/** How often a runner's process reports its stats, in milliseconds: often enough for charts, and too seldom to cost anything. */
const period = 5_000;
/** How often the event loop is sampled, in milliseconds. Its lateness is the time beyond this interval. */
const resolution = 20;
/** How often the load is sampled, in milliseconds. */
const sampled = 250;

/**
 * Calls `send` with the stats of this process: at once, every five seconds, and when calls first wait for each other. `mostCalls` returns
 * the most calls that ran at once since it was last called, and `awake` the time for which the event loop only stayed awake, in
 * milliseconds. Returns a function that ends the reports. The timers do not keep the process alive.
 */
export function reportProcessStats(send: (stats: string) => void, mostCalls: () => number, awake: () => number): () => void {
  const delays = monitorEventLoopDelay({ resolution });
  delays.enable();
  const queue = new ThreadPoolQueue();
  const window = new SaturationWindow();
  let saturation: Saturation | undefined;
  let wasSaturated = false;
  const tell = (): void => {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    const lateness = (nanoseconds: number): number => (delays.count > 0 ? Math.max(0, nanoseconds / 1e6 - resolution) : 0);
    const stats: ProcessStats = {
      pid: process.pid,
      cpu: (user + system) / 1000,
      memory: rss,
      heap: heapUsed,
      delay: lateness(delays.percentile(99)),
      delayMax: lateness(delays.max),
      saturation,
    };
    delays.reset();
    saturation = undefined;
    send(JSON.stringify(stats));
  };
  const look = (): void => {
    const { active } = performance.eventLoopUtilization();
    const found = window.take({ at: performance.now(), active: active - awake(), queued: queue.waited, calls: mostCalls() });
    if (!found) return;
    saturation = found;
    if (!wasSaturated) tell();
    wasSaturated = true;
  };
  tell();
  look();
  const timers = [setInterval(tell, period).unref(), setInterval(look, sampled).unref()];
  return () => {
    for (const timer of timers) clearInterval(timer);
    queue.close();
    delays.disable();
  };
}
