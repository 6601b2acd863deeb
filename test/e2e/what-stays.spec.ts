import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../apps/dist/what-stays/main.js');

describe('A change that a handler makes in memory', () => {
  it('stays on its runner; the parent can apply the result', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 60_000 });
    expect(JSON.parse(stdout.split('\n').find((line) => line.startsWith('{'))!)).toEqual({
      there: ['video 1'],
      heard: ['video 2'],
      titles: ['video 2'],
    });
  });
});
