import { describe, expect, it } from 'vitest';
import { diskNeedOf, mergeNeeds } from './disk-needs.js';

describe('diskNeedOf', () => {
  it.each([
    ['a worker thread', `import { Worker } from 'node:worker_threads'; new Worker(file);`, 'dependencies'],
    ['a process of Node', `const { fork } = require('child_process'); fork(file);`, 'dependencies'],
    ['Node by its path', `require('child_process').spawn(process.execPath, [file]);`, 'dependencies'],
    ['a cluster', `import cluster from 'node:cluster'; cluster.fork();`, 'dependencies'],
    ['another program', `import { spawn } from 'node:child_process'; spawn('ffmpeg', []);`, undefined],
    ['a look at its own thread', `import { isMainThread } from 'node:worker_threads';`, undefined],
    ['neither', `class Worker {} export const fork = () => process.execPath;`, undefined],
  ] as const)('of a file that starts %s', (_, code, need) => {
    expect(diskNeedOf(code, false)).toBe(need);
    expect(diskNeedOf(code, true)).toBe(need ?? 'files');
  });
});

describe('mergeNeeds', () => {
  it('keeps the largest need of a package', () => {
    const needs = mergeNeeds([
      ['a', 'files'],
      ['b', 'dependencies'],
      ['a', 'dependencies'],
      ['b', 'files'],
      ['c', 'files'],
    ]);
    expect(Object.fromEntries(needs)).toEqual({ a: 'dependencies', b: 'dependencies', c: 'files' });
  });
});
