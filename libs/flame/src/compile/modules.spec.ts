import { describe, expect, it } from 'vitest';
import { compiled, threeWays } from '../../../../test/support/compiled-file.js';

const modules = { math: { add: (one: number, other: number) => one + other, default: 'default', 'other name': 'other' } };

const rows: [name: string, code: string, result: unknown][] = [
  ['an imported name', `import { add } from 'math'; export const run = (flame, x = 1) => flame.call('p', () => add(x, 2));`, 3],
  [
    'an imported name by another name',
    `import { add as sum } from 'math'; export const run = (flame) => flame.call('p', () => sum(1, 2));`,
    3,
  ],
  ['a default import', `import text from 'math'; export const run = (flame, x = 1) => flame.call('p', () => [text, x]);`, ['default', 1]],
  [
    'a name that is a text',
    `import { "other name" as other } from 'math'; export const run = (flame, x = 1) => flame.call('p', () => [other, x]);`,
    ['other', 1],
  ],
  ['a namespace import', `import * as math from 'math'; export const run = (flame, x = 1) => flame.call('p', () => math.add(x, 2));`, 3],
  [
    'a local variable with the name of an import',
    `import { add } from 'math'; export const run = (flame) => { const sum = add(1, 2); { const add = sum; return flame.call('p', () => add); } };`,
    3,
  ],
  ['imports below', `export const run = (flame, x = 1) => flame.call('p', () => add(x, 2));\nimport { add } from 'math';`, 3],
  [
    'import() in the function',
    `export const run = (flame, x = 'a') => flame.call('p', async () => (await import('node:path')).posix.join(x, 'b'));`,
    'a/b',
  ],
  [
    'import.meta in a function',
    `const { meta } = { meta: import.meta }; export const run = (flame, x = 1) => flame.call('p', () => [import.meta === meta, x]);`,
    [true, 1],
  ],
  [
    'import.meta in a method',
    `const { meta } = { meta: import.meta }; class A { x = 1; run(flame) { return flame.call('p', () => [import.meta === meta, this.x]); } } export const run = (flame) => new A().run(flame);`,
    [true, 1],
  ],
  ['an exported function', `export async function run(flame, x = 1) { return flame.call('p', async () => x); }`, 1],
  [
    'an exported function that is declared below',
    `export const run = (flame) => publish(flame, 1); export function publish(flame, x) { return flame.call('p', () => [typeof publish, x]); }`,
    ['function', 1],
  ],
  [
    'an exported class',
    `export class A { #x = 1; run(flame, y) { return flame.call('p', () => [this.#x, y, A.z]); } static z = 3; } export const run = (flame) => new A().run(flame, 2);`,
    [1, 2, 3],
  ],
  [
    'a class that is the default export',
    `export default class A { x = 1; run(flame, y) { return flame.call('p', () => [this.x, y]); } } export const run = (flame) => new A().run(flame, 2);`,
    [1, 2],
  ],
  [
    'a class without a name that is the default export',
    `export default class { x = 1; run(flame, y) { return flame.call('p', () => [this.x, y]); } } export const run = async (flame) => new (await import(import.meta.url)).default().run(flame, 2);`,
    [1, 2],
  ],
  [
    'a function without a name that is the default export',
    `export default async function (flame, x) { return flame.call('p', () => x); } export const run = async (flame) => (await import(import.meta.url)).default(flame, 1);`,
    1,
  ],
  ['a list of exports', `async function publish(flame, x = 1) { return flame.call('p', () => x); }\nexport { publish as run };`, 1],
  [
    'exports of other modules',
    `export * from 'math'; export * as math from 'math'; export const run = (flame, x = 1) => flame.call('p', () => x);`,
    1,
  ],
  [
    'an import of JSON',
    `import json from 'data:application/json,{"a":1}' with { type: 'json' }; export const run = (flame, x = 2) => flame.call('p', () => [json.a, x]);`,
    [1, 2],
  ],
  [
    'await at the top level',
    `const x = await Promise.resolve(1); export const run = (flame, y = 2) => flame.call('p', () => [x, y]);`,
    [1, 2],
  ],
  [
    'an awaited call at the top level',
    `import { flame } from 'app'; const x = await 1; const result = await flame.call('p', async () => (await x) + 1); export const run = () => result;`,
    2,
  ],
  [
    'an awaited call in a block of the top level',
    `import { flame } from 'app'; const results = []; for (const x of [1, 2]) { const y = await x; results.push(await flame.call('p', () => x + y)); } export const run = () => results;`,
    [2, 4],
  ],
  [
    'for await at the top level',
    `import { flame } from 'app'; const results = []; for await (const x of [1, 2]) results.push(await flame.call('p', () => x)); export const run = () => results;`,
    [1, 2],
  ],
  [
    'strict code',
    `export const run = (flame, x = 1) => flame.call('p', () => [(function () { return this; })() === undefined, x]);`,
    [true, 1],
  ],
  ['a directive', `'use strict';\nexport const run = (flame, x = 1) => flame.call('p', () => x);`, 1],
  ['a line for the shell', `#!/usr/bin/env node\nexport const run = (flame, x = 1) => flame.call('p', () => x);`, 1],
  ['no semicolon at the end', `export const run = (flame, x = 1) => flame.call('p', () => x)`, 1],
  [
    'names that the compiler would add',
    `const $inline = 1, $function = 2, $copy1 = 3; export const run = (flame, x = 4) => flame.call('p', () => [$inline, $function, $copy1, x]);`,
    [1, 2, 3, 4],
  ],
];

describe('In an ES module', () => {
  it.each(rows)('a copy returns the same as its function: %s', async (_, code, result) =>
    expect(await threeWays(code, { format: 'module', modules })).toEqual({ written: result, inPlace: result, copy: result }),
  );

  it('does not capture imports and declarations of the module', () => {
    const code = `import one, { two } from 'math'; import * as three from 'math'; const four = await 4; export class Five {} export default function six() {}
export const run = (flame, seven) => flame.call('p', () => [one, two, three, four, Five, six, seven, import.meta]);`;
    expect(compiled(code, 'src/file.js', 'module').functions[0]!.names).toEqual(['seven']);
  });
});
