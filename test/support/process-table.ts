import { execFileSync } from 'node:child_process';

/** The processes whose command line names a path, by id: what the system says, whatever anyone's books say. */
export function processesOf(path: string): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line))
    .filter((row) => row !== null && !row[2]!.startsWith('Z') && row[3]!.includes(path))
    .map((row) => Number(row![1]));
}
