import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/**
 * The number of processors that this process can keep busy: the processors that it may run on, limited by the CPU quotas of its control
 * groups (cgroup v1 and v2, the smallest quota from its own group up to the root). Fractions are rounded down: with a quota of 1.5 one
 * process runs without being throttled. At least 1.
 *
 * The quotas are read here because only some versions of Node count them. `root` is the folder that contains `proc` and the mount points.
 */
export function ownProcessors(root = '/'): number {
  return Math.max(1, Math.floor(Math.min(allowed(root), quota(root))));
}

function allowed(root: string): number {
  const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(read(join(root, 'proc/self/status'))) ?? [];
  if (list === undefined) return availableParallelism();
  return list.split(',').reduce((sum, range) => {
    const [first, last = first] = range.split('-').map(Number) as [number, number?];
    return sum + last - first + 1;
  }, 0);
}

/** The quota in processors; Infinity if there is none. See cgroups(7) and proc(5). */
function quota(root: string): number {
  const groups = read(join(root, 'proc/self/cgroup'))
    .split('\n')
    .map((line) => /^\d+:([^:]*):(.*)$/.exec(line) ?? ['', 'none', '']);
  const limits = read(join(root, 'proc/self/mountinfo'))
    .split('\n')
    .flatMap((line) => {
      const [, top = '', point = '', type, options] = /^\S+ \S+ \S+ (\S+) (\S+) .*- (cgroup2?) \S+ (\S+)$/.exec(line) ?? [];
      if (type === undefined || (type === 'cgroup' && !options!.split(',').includes('cpu'))) return [];
      const controller = type === 'cgroup' ? 'cpu' : '';
      const group = groups.find(([, controllers]) => controllers!.split(',').includes(controller))?.[2] ?? '';
      const folder = join(root, unescaped(point));
      return upwards(below(unescaped(top), group)).map((path) => limitOf(join(folder, path), type));
    });
  return Math.min(Infinity, ...limits);
}

/** A group's path within the mounted part of the hierarchy. In a cgroup namespace the mounted root is `/`: the path is unchanged. */
function below(top: string, group: string): string {
  if (top === '/') return group;
  return group === top || group.startsWith(`${top}/`) ? group.slice(top.length) : '';
}

/** A path and all its parent folders. */
function upwards(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '..');
  return Array.from({ length: names.length + 1 }, (_, count) => names.slice(0, count).join('/'));
}

function limitOf(folder: string, type: string): number {
  const [most, period] =
    type === 'cgroup2'
      ? read(join(folder, 'cpu.max')).split(' ').map(Number)
      : [Number(read(join(folder, 'cpu.cfs_quota_us')) || NaN), Number(read(join(folder, 'cpu.cfs_period_us')) || NaN)];
  const limit = most! / period!;
  // "max", -1, and the root group, which has no such file, mean no limit.
  return limit > 0 ? limit : Infinity;
}

/** The file's text; empty if there is no such file. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Decodes the octal escapes of mountinfo, such as those for spaces. */
function unescaped(path: string): string {
  return path.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
}
