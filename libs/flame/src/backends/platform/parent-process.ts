import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAlive, processEntry } from '../../system/process-table.js';

/**
 * Identifies this process, so that other processes can find out whether it is alive: the namespace of its process id, the id, and its start
 * time.
 */
export function ownProcess(): string {
  return `${processSpace()} ${process.pid} ${startOf(process.pid) ?? ''}`.trim();
}

/** Whether the process that `ownProcess` identified is gone; undefined if this process cannot find out. */
export function isProcessGone(written: string): boolean | undefined {
  const [space, pid, start] = written.split(' ');
  if (space !== processSpace()) return undefined;
  return start === undefined ? !isAlive(Number(pid)) : startOf(Number(pid)) !== start;
}

/** Process ids are unique within a namespace until the system restarts. */
function processSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${/\d+/.exec(readlinkSync('/proc/self/ns/pid'))![0]}`;
  } catch {
    return hostname();
  }
}

/** The start time of a process that has not ended; undefined otherwise. */
function startOf(pid: number): string | undefined {
  const entry = processEntry(pid);
  return entry?.ended === false ? entry.start : undefined;
}
