import { readdirSync, readFileSync } from 'node:fs';

/** A process in the system's table. See proc(5). */
export interface ProcessEntry {
  /** True for a zombie: a process that has ended and that its parent has not reaped. */
  readonly ended: boolean;
  readonly group: number;
  /** Its start time, in the kernel's ticks. Distinguishes it from a later process with the same id. */
  readonly start: string;
}

/** The entry of a process in the table; undefined if there is no such process or no table. */
export function processEntry(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The program's name, in parentheses, may contain any character.
    const [state, , group, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { ended: state === 'Z' || state === 'X', group: Number(group), start: rest[16]! };
  } catch {
    return undefined;
  }
}

/** All entries of the table. */
export function processEntries(): ProcessEntry[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (processEntry(Number(name)) ?? []) : []));
  } catch {
    return [];
  }
}

/** Whether the process exists and has not ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return processEntry(pid)?.ended !== true;
}
