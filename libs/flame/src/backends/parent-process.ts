import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** This process, for others to find out whether it still lives: a namespace of process ids, the id in it, and when it was started. */
export function ownProcess(): string {
  return `${processSpace()} ${process.pid} ${startOf(process.pid) ?? ''}`.trim();
}

/** Whether the process that wrote this of itself is gone; undefined where that cannot be seen from here. */
export function isProcessGone(written: string): boolean | undefined {
  const [space, pid, start] = written.split(' ');
  return space === processSpace() ? !isAlive(Number(pid), start) : undefined;
}

function isAlive(pid: number, start: string | undefined): boolean {
  if (start !== undefined) return startOf(pid) === start;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
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

/** When a process was started, in the kernel's ticks: tells it from a later one with its id. See proc(5). */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : rest[18];
  } catch {
    return undefined;
  }
}
