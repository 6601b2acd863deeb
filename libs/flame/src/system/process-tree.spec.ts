import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/process-table.js';
import * as table from '../../../../test/support/process-table.js';
import { isAlive } from './process-table.js';
import { killTree } from './process-tree.js';

/** A process that has detached another, which has detached a third: no group holds them together. */
const program = `
const { spawn } = require('node:child_process');
const depth = Number(process.argv[1]);
console.log(process.pid);
if (depth > 0) spawn(process.execPath, ['-e', process.env.PROGRAM, depth - 1], { stdio: 'inherit', detached: true });
setTimeout(() => {}, 60_000);
`;

describe('killTree', () => {
  it('kills a process and all its descendants, in any process group, and nothing else', async () => {
    const env = { ...process.env, PROGRAM: program };
    const [root, other] = [2, 0].map((depth) => spawn(process.execPath, ['-e', program, String(depth)], { env, detached: true }));
    let output = '';
    root!.stdout!.on('data', (data) => (output += data));
    await once(other!.stdout!, 'data');
    await until(() => output.split('\n').length === 4);
    const family = output.trim().split('\n').map(Number);
    expect(family.map((pid) => table.isAlive(pid))).toEqual([true, true, true]);
    const exited = once(root!, 'exit');
    expect(killTree(root!.pid!)).toBe(true);
    expect(await exited).toEqual([null, 'SIGKILL']);
    await until(() => family.every((pid) => !table.isAlive(pid)));
    expect(table.isAlive(other!.pid!)).toBe(true);
    other!.kill('SIGKILL');
    await once(other!, 'exit');
  });

  it('reports a missing process, and never kills all processes', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    expect(killTree(child.pid!)).toBe(false);
    expect(isAlive(child.pid!)).toBe(false);
    expect(killTree(1)).toBe(false);
    expect(isAlive(process.pid)).toBe(true);
  });
});
