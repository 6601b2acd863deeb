import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The processors that this process may run on (Linux). */
export function allowedProcessors(): number[] {
  const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))!;
  return list!.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number) as [number, number?];
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** Restricts a process, with its threads, to those processors. */
export function confine(pid: number, processors: readonly number[]): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', processors.join(), `${pid}`]);
}
