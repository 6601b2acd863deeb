import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { descendantsOf, readProcessTable, readPsLine, readStat } from './process-table.js';

describe('readProcessTable', () => {
  it('contains a child while it lives, and not after its end', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'inherit'] });
    const exited = once(child, 'exit');
    await once(child, 'spawn');
    const here = descendantsOf(process.pid, await readProcessTable()).find(({ pid }) => pid === child.pid);
    expect(here).toMatchObject({ pid: child.pid, parent: process.pid, started: expect.stringMatching(/\S/) });
    child.stdin.end();
    await exited;
    expect((await readProcessTable()).filter(({ pid }) => pid === child.pid)).toEqual([]);
  });
});

describe('descendantsOf', () => {
  it('finds children and their children, and nobody else', () => {
    const table = [
      [1, 0],
      [10, 1],
      [11, 10],
      [12, 11],
      [20, 1],
    ].map(([pid, parent]) => ({ pid: pid!, parent: parent!, started: '' }));
    expect(descendantsOf(10, table).map(({ pid }) => pid)).toEqual([11, 12]);
  });
});

describe('readStat', () => {
  const after = (state: string): string => `${state} 7 9 9 0 -1 4194560 0 0 0 0 1 2 0 0 20 0 11 0 4711 1000 55`;

  it('reads past a program name that looks like more fields', () => {
    expect(readStat(`42 (a) S 1 (b) ${after('R')}`)).toEqual([{ pid: 42, parent: 7, started: '4711' }]);
  });

  it('omits a process that has ended but was not reaped', () => {
    expect(readStat(`42 (node) ${after('Z')}`)).toEqual([]);
  });
});

describe('readPsLine', () => {
  it('reads pid, parent and start', () => {
    expect(readPsLine('  42   7 Ss   Mon Nov 21 11:00:00 2022')).toEqual([{ pid: 42, parent: 7, started: 'Mon Nov 21 11:00:00 2022' }]);
  });

  it('omits a process that has ended, and the empty last line', () => {
    expect(readPsLine('  42   7 Z+   Mon Nov 21 11:00:00 2022')).toEqual([]);
    expect(readPsLine('')).toEqual([]);
  });
});
