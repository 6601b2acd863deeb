import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { allowedProcessors } from '../support/processors.js';
import { SpawnedApp } from '../support/spawned-app.js';

const main = join(import.meta.dirname, '../../libs/flame/dist/backends/launch/own-processors.js');
const unified =
  existsSync('/sys/fs/cgroup/cgroup.controllers') && readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').includes('cpu');

/** A control group below another, with a quota of so many processors; it takes root. */
function makeGroup(folder: string, quota?: number): string {
  mkdirSync(folder);
  onTestFinished(() => rmdirSync(folder));
  if (quota === undefined) return folder;
  if (unified) writeFileSync(join(folder, 'cpu.max'), `${quota * 100_000} 100000`);
  else writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(quota * 100_000));
  return folder;
}

function countedIn(folder?: string): number {
  const join_ = folder === undefined ? '' : `echo $$ > '${folder}/cgroup.procs'; `;
  const command = `${join_}exec '${process.execPath}' -p "require('${main}').ownProcessors()"`;
  return Number(execFileSync('sh', ['-c', command], { encoding: 'utf8' }));
}

describe('ownProcessors', () => {
  it('returns as many as the quota of a real control group allows', () => {
    const top = makeGroup(join('/sys/fs/cgroup', unified ? '' : 'cpu', `flame-${process.pid}`), 1.9);
    const inner = makeGroup(join(top, 'inner'));
    expect(countedIn(inner)).toBe(1);
    expect(countedIn()).toBe(allowedProcessors().length);
  });
});

describe("processes: 'auto' on a machine elsewhere", () => {
  it.each([1, 2])('runs as many processes as that machine has processors for: %s', async (count) => {
    const [first, second] = allowedProcessors();
    const processors = { 1: [first], 2: [first, second] };
    const parent = processors[count === 1 ? 2 : 1];
    const app = new SpawnedApp('elsewhere/main.js', { RUNNER_PROCESSORS: processors[count as 1 | 2].join() }, 'ignore', [
      'taskset',
      '--cpu-list',
      parent.join(),
    ]);
    await app.line(new RegExp(`^ran in ${count} process(es)?$`));
  });
});
