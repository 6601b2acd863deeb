import { readdirSync } from 'node:fs';

/** What the parent holds at one moment. */
export interface ProcessStats {
  readonly minute: number;
  /** In MiB. */
  readonly rss: number;
  readonly heap: number;
  /** What keeps an event loop alive: sockets, timers, processes. */
  readonly handles: number;
  readonly descriptors: number;
  readonly runners: number;
}

const mebibyte = 1024 * 1024;

export function processStats(began: number, runners: number): ProcessStats {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    minute: Math.round((Date.now() - began) / 6_000) / 10,
    rss: Math.round(rss / mebibyte),
    heap: Math.round((heapUsed / mebibyte) * 10) / 10,
    handles: process.getActiveResourcesInfo().length,
    descriptors: readdirSync('/proc/self/fd').length,
    runners,
  };
}
