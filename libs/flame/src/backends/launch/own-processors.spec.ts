import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allowedProcessors } from '../../../../../test/support/processors.js';
import { ownProcessors } from './own-processors.js';

/** A folder written as Linux writes `/proc` and `/sys/fs/cgroup`; real groups are in test/e2e/own-processors.spec.ts. */
let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'processors-'))));
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries({
    'proc/self/status': 'Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t0-5,8,10-10\n',
    ...files,
  })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
}

const v2 = (top = '/'): string => `30 23 0:26 ${top} /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate`;
const v1 = (top = '/', point = '/sys/fs/cgroup/cpu,cpuacct'): string =>
  `30 23 0:26 ${top} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n31 23 0:27 ${top} ${point} rw shared:5 - cgroup cgroup rw,cpu,cpuacct`;

describe('ownProcessors', () => {
  it('counts the processors that the process may use, if nothing else limits it', () => {
    expect(ownProcessors()).toBeLessThanOrEqual(allowedProcessors().length);
    write({});
    expect(ownProcessors(root)).toBe(8);
  });

  it("falls back to Node's count if the system has no such table", () => {
    expect(ownProcessors(root)).toBeGreaterThanOrEqual(1);
  });

  it.each([
    ['max 100000', 8],
    ['150000 100000', 1],
    ['200000 100000', 2],
    ['390000 100000', 3],
    ['50000 100000', 1],
    ['1000 100000', 1],
    ['900000 100000', 8],
    ['25000 5000', 5],
    ['nonsense', 8],
  ])('with a cpu.max of %s is %s', (max, count) => {
    write({ 'proc/self/cgroup': '0::/', 'proc/self/mountinfo': v2(), 'sys/fs/cgroup/cpu.max': max });
    expect(ownProcessors(root)).toBe(count);
  });

  it('uses the smallest quota from its own group up to the top', () => {
    write({
      'proc/self/cgroup': '0::/kubepods.slice/pod 1.slice/app',
      'proc/self/mountinfo': v2(),
      'sys/fs/cgroup/kubepods.slice/cpu.max': '700000 100000',
      'sys/fs/cgroup/kubepods.slice/pod 1.slice/cpu.max': '300000 100000',
      'sys/fs/cgroup/kubepods.slice/pod 1.slice/app/cpu.max': '500000 100000',
      'sys/fs/cgroup/other/cpu.max': '100000 100000',
    });
    expect(ownProcessors(root)).toBe(3);
  });

  it.each([
    ['200000', '100000', 2],
    ['-1', '100000', 8],
    ['450000', '100000', 4],
  ])('with a cpu.cfs_quota_us of %s for %s is %s', (quota, period, count) => {
    write({
      'proc/self/cgroup': '5:memory:/a\n4:cpu,cpuacct:/a/b\n0::/',
      'proc/self/mountinfo': `${v1()}\n${v2().replace('/sys/fs/cgroup ', '/sys/fs/cgroup/unified ')}`,
      'sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us': quota,
      'sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us': period,
      'sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us': '700000',
      'sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us': '100000',
    });
    expect(ownProcessors(root)).toBe(Math.min(count, 7));
  });

  it('finds the quota in a container that sees its group as the top, with cgroup v1 and without namespaces', () => {
    write({
      'proc/self/cgroup': '4:cpu,cpuacct:/docker/0a1b/child',
      'proc/self/mountinfo': v1('/docker/0a1b', '/sys/fs/cgroup/of\\040cpu'),
      'sys/fs/cgroup/of cpu/cpu.cfs_quota_us': '300000',
      'sys/fs/cgroup/of cpu/cpu.cfs_period_us': '100000',
      'sys/fs/cgroup/of cpu/child/cpu.cfs_quota_us': '200000',
      'sys/fs/cgroup/of cpu/child/cpu.cfs_period_us': '100000',
    });
    expect(ownProcessors(root)).toBe(2);
  });
});
