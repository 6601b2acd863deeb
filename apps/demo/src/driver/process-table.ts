import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** One process of this machine. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** When it was started, in the words of the platform: tells it from a later process of the same pid. */
  readonly started: string;
}

/** The processes that exist now; those that have ended and wait for their parent to notice are not among them. */
export async function readProcessTable(): Promise<ProcessEntry[]> {
  return process.platform === 'linux' ? readProc() : readPs();
}

/** Those that descend from a process, itself left out. */
export function descendantsOf(pid: number, table: readonly ProcessEntry[]): ProcessEntry[] {
  const found: ProcessEntry[] = [];
  for (let family = new Set([pid]); family.size > 0;) {
    const children = table.filter(({ parent }) => family.has(parent));
    found.push(...children);
    family = new Set(children.map((child) => child.pid));
  }
  return found;
}

/** Linux tells it without a `ps`, which small container images lack. */
async function readProc(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)));
  return stats.filter((stat) => stat !== undefined).flatMap(readStat);
}

/** A line of /proc/[pid]/stat, see proc(5): the program's name, in parentheses, may hold anything. */
export function readStat(stat: string): ProcessEntry[] {
  const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return [];
  return [{ pid: Number.parseInt(stat, 10), parent: Number(parent), started: rest[17] ?? '' }];
}

async function readPs(): Promise<ProcessEntry[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,stat=,lstart='], { env: { ...process.env, LC_ALL: 'C' } });
  return stdout.split('\n').flatMap(readPsLine);
}

/** A line of `ps -A -o pid=,ppid=,stat=,lstart=`. */
export function readPsLine(line: string): ProcessEntry[] {
  const [pid, parent, state, ...started] = line.trim().split(/\s+/);
  if (!pid || state?.startsWith('Z')) return [];
  return [{ pid: Number(pid), parent: Number(parent), started: started.join(' ') }];
}
