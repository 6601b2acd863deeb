import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ProcessVitals } from '../core/vitals.js';

/** How often a runner's process tells how it is: often enough for charts, too seldom to cost anything. */
const period = 5_000;
/** How often the event loop is looked at, in milliseconds. Its lateness is what comes on top of this. */
const resolution = 20;

/** Tells `send` at once, and every five seconds, how this process is. Returns what ends it. It keeps no process alive. */
export function tellVitals(send: (vitals: string) => void): () => void {
  const delays = monitorEventLoopDelay({ resolution });
  delays.enable();
  const tell = (): void => {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    const lateness = (nanoseconds: number): number => (delays.count > 0 ? Math.max(0, nanoseconds / 1e6 - resolution) : 0);
    const vitals: ProcessVitals = {
      pid: process.pid,
      cpu: (user + system) / 1000,
      memory: rss,
      heap: heapUsed,
      delay: lateness(delays.percentile(99)),
      delayMax: lateness(delays.max),
    };
    delays.reset();
    send(JSON.stringify(vitals));
  };
  tell();
  const timer = setInterval(tell, period).unref();
  return () => {
    clearInterval(timer);
    delays.disable();
  };
}
