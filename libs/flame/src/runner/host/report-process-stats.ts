import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SaturationWindow } from '../../core/metrics/saturation.js';
import type { Saturation } from '../../core/metrics/saturation.js';
import type { ProcessStats } from '../../core/metrics/process-stats.js';
import { ThreadPoolQueue } from './thread-pool-queue.js';

/** How often a runner's process tells how it is: often enough for charts, too seldom to cost anything. */
const period = 5_000;
/** How often the event loop is looked at, in milliseconds. Its lateness is what comes on top of this. */
const resolution = 20;
/** How often its load is looked at, in milliseconds. */
const sampled = 250;

/**
 * Tells `send` at once, every five seconds, and when calls first wait for each other, how this process is. `mostCalls` gives the most calls
 * at once since it was asked before. Returns what ends it. It keeps no process alive.
 */
export function reportProcessStats(send: (stats: string) => void, mostCalls: () => number): () => void {
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
    const found = window.take({ at: performance.now(), active, queued: queue.waited, calls: mostCalls() });
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
