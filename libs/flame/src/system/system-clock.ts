import { readFileSync } from 'node:fs';
import type { Clock } from '../core/clock.js';

/** The time of this machine. It waits for a delay longer than a timer can hold (24.8 days) in steps. A delay of `Infinity` never ends. */
export class SystemClock implements Clock {
  now(): number {
    return performance.now();
  }

  after(delay: number, wake: () => void, hold = false): () => void {
    const end = performance.now() + delay;
    let timer: NodeJS.Timeout | undefined;
    const arm = (rest: number): void => {
      timer = setTimeout(rest > longest ? () => arm(end - performance.now()) : wake, Math.min(rest, longest));
      if (!hold) timer.unref();
    };
    if (delay !== Infinity) arm(delay);
    return () => clearTimeout(timer);
  }

  /** True when a debugger is attached, or has just paused the process: then the inspector is open and timers are over a second late. */
  debugged(late = 0): boolean {
    const port = inspectorPort();
    return port !== undefined && (late > pause || hasDebugger(port));
  }
}

const pause = 1_000;
const longest = 2 ** 31 - 1;

/** Undefined in builds of Node without an inspector. */
const inspector = process.features.inspector ? process.getBuiltinModule('node:inspector') : undefined;

const connectionTables = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];

/** The port of this process's inspector; undefined while none is open. */
export function inspectorPort(): number | undefined {
  const url = inspector?.url();
  return url === undefined ? undefined : Number(new URL(url).port);
}

/**
 * Whether a debugger is connected to the inspector on this port of this host. Node does not report it, so this reads the system's table of
 * connections, which exists on Linux. On other systems an open inspector counts as one with a debugger.
 */
export function hasDebugger(port: number): boolean {
  const local = port.toString(16).toUpperCase().padStart(4, '0');
  // The state 01 is "established".
  const connected = new RegExp(`^ *\\d+: [0-9A-F]+:${local} [0-9A-F]+:[0-9A-F]{4} 01 `, 'm');
  const tables = connectionTables.map(read).filter((table) => table !== undefined);
  return tables.length === 0 || tables.some((table) => connected.test(table));
}

/** The content of a table; undefined if it does not exist, as the one for IPv6 on some hosts. */
function read(table: string): string | undefined {
  try {
    return readFileSync(table, 'latin1');
  } catch {
    return undefined;
  }
}
