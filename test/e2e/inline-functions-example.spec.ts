import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compile } from '../../libs/flame/src/compile/index.js';

const folder = join(import.meta.dirname, '../apps/dist/inline');

/** Does what `nestjs-flame compile` does. A file that was compiled before stays as it is. */
function compileInPlace(): void {
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.js'))) {
    const file = join(folder, name);
    const compiled = compile({ code: readFileSync(file, 'utf8'), file: `dist/inline/${name}`, format: 'module' });
    if (!compiled) continue;
    expect(compiled.diagnostics).toEqual([]);
    writeFileSync(file, compiled.code);
  }
}

it('The examples of docs/inline-functions.md run on other processes', () => {
  compileInPlace();
  const output = execFileSync(process.execPath, [join(folder, 'main.js')], { encoding: 'utf8' });
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
