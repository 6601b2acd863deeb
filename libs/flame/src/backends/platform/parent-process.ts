import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAlive, processEntry } from '../../system/process-table.js';

/** This process, for others to find out whether it still lives: a namespace of process ids, the id in it, and when it was started. */
export function ownProcess(): string {
  return `${processSpace()} ${process.pid} ${startOf(process.pid) ?? ''}`.trim();
}

/** Whether the process that wrote this of itself is gone; undefined where that cannot be seen from here. */
export function isProcessGone(written: string): boolean | undefined {
  const [space, pid, start] = written.split(' ');
  if (space !== processSpace()) return undefined;
  return start === undefined ? !isAlive(Number(pid)) : startOf(Number(pid)) !== start;
}

/** A process id means something only inside of its namespace, and until the next start of the machine. */
function processSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${/\d+/.exec(readlinkSync('/proc/self/ns/pid'))![0]}`;
  } catch {
    return hostname();
  }
}

/** When a process that has not ended was started. */
function startOf(pid: number): string | undefined {
  const entry = processEntry(pid);
  return entry?.ended === false ? entry.start : undefined;
}
