import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const main = join(import.meta.dirname, '../apps/dist/inline/main.js');

it('The examples of docs/inline-functions.md run on other processes', () => {
  const output = execFileSync(process.execPath, [main], { encoding: 'utf8' });
  const { pid, published, read, settled, torn } = JSON.parse(output) as Record<string, unknown>;
  const runners = new Set(JSON.stringify([published, read, settled]).match(/(?<=by )\d+/g));
  // One runner of each pool.
  expect([runners.size, runners.has(String(pid))]).toEqual([2, false]);
  const by = expect.stringMatching(/ by \d+$/);
  expect(published).toEqual([by, by, by]);
  expect((read as string[]).map((text) => text.replace(/ by .*/, ''))).toEqual(['0: one in de', '1: two in de', '2: three in de']);
  expect(settled).toEqual({ texts: [by, by], failed: [1] });
  expect(torn).toMatchObject({ range: true, index: 1 });
});
