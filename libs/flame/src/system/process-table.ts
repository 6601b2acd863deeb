import { readdirSync, readFileSync } from 'node:fs';

/** A process as the system's table has it. See proc(5). */
export interface ProcessEntry {
  /** Whether it has ended and nobody has waited for it: it is a zombie, and stays one where its parent never waits. */
  readonly ended: boolean;
  readonly group: number;
  /** When it was started, in the kernel's ticks: tells it from a later one with its id. */
  readonly start: string;
}

/** What the table says of a process; undefined when there is no such process, or no table. */
export function processEntry(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The program's name, in parentheses, may hold anything.
    const [state, , group, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { ended: state === 'Z' || state === 'X', group: Number(group), start: rest[16]! };
  } catch {
    return undefined;
  }
}

/** All that the table shows. */
export function processEntries(): ProcessEntry[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (processEntry(Number(name)) ?? []) : []));
  } catch {
    return [];
  }
}

/** Whether there is such a process and it has not ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return processEntry(pid)?.ended !== true;
}
