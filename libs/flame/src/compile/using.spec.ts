import { transformSync } from 'esbuild';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { threeWays } from '../../../../test/support/compiled-file.js';
import { compile } from './compile.js';

/** A service whose `run('a')` has this body; `open` and `openAsync` note in `log` when a resource begins and ends. */
const service = (body: string): string => `"use strict";
const log = [];
const open = (name) => (log.push('open ' + name), { name, [Symbol.dispose]() { log.push('close ' + name); } });
const openAsync = (name) => (log.push('open ' + name), { name, async [Symbol.asyncDispose]() { await 1; log.push('close ' + name); } });
class Service {
  #label = 'label';
  constructor(flame) { this.flame = flame; flame.self = this; }
  async run(a) { ${body} }
}
exports.run = async (flame) => { const result = await new Service(flame).run('a').catch(String); return [result, ...log.splice(0)]; };
`;

const rows: [name: string, body: string, result: unknown[]][] = [
  [
    'using in the function',
    `return this.flame.call('p', () => { using x = open(a); log.push(this.#label); return x.name; });`,
    ['a', 'open a', 'label', 'close a'],
  ],
  [
    'two of them, which end in reverse',
    `return this.flame.call('p', () => { using x = open(a), y = open('y'); return x.name + y.name; });`,
    ['ay', 'open a', 'open y', 'close y', 'close a'],
  ],
  [
    'await using in the function',
    `return this.flame.call('p', async () => { await using x = openAsync(a); log.push('in'); return x.name; });`,
    ['a', 'open a', 'in', 'close a'],
  ],
  [
    'using of nothing',
    `return this.flame.call('p', () => { using x = a === 'a' ? null : open(a); return [x, this.#label]; });`,
    [[null, 'label']],
  ],
  [
    'using in a block of the function',
    `return this.flame.call('p', () => { { using x = open(a); log.push(x.name); } log.push('after'); return a; });`,
    ['a', 'open a', 'a', 'close a', 'after'],
  ],
  [
    'using in the function, which throws',
    `return this.flame.call('p', () => { using x = open(a); throw new Error('no ' + x.name); });`,
    ['Error: no a', 'open a', 'close a'],
  ],
  [
    'for using in the function',
    `return this.flame.call('p', () => { for (using x of [open(a), open('y')]) log.push(x.name); return a; });`,
    ['a', 'open a', 'open y', 'a', 'close a', 'y', 'close y'],
  ],
  [
    'using in a generator',
    `const all = []; for await (const item of this.flame.call('p', async function* () { await using x = openAsync(a); yield x.name; yield this.#label; })) all.push(item); return all;`,
    [['a', 'label'], 'open a', 'close a'],
  ],
  [
    'using in a function of map',
    `return Promise.all(this.flame.map('p', ['x', 'y'], (item) => { using x = open(item + a); return x.name; }));`,
    [['xa', 'ya'], 'open xa', 'close xa', 'open ya', 'close ya'],
  ],
  [
    'using around the call',
    `using x = open(a); const { name } = x; return await this.flame.call('p', async () => { log.push('in'); return name; });`,
    ['a', 'open a', 'in', 'close a'],
  ],
  [
    'a variable of using around the call',
    `using x = open(a); return await this.flame.call('p', async () => x.name + this.#label);`,
    ['alabel', 'open a', 'close a'],
  ],
  [
    'a variable of await using around the call',
    `await using x = openAsync(a); return await this.flame.call('p', async () => x.name);`,
    ['a', 'open a', 'close a'],
  ],
  [
    'for using around the call',
    `const all = []; for (using x of [open(a)]) all.push(await this.flame.call('p', async () => x.name)); return all;`,
    [['a'], 'open a', 'close a'],
  ],
  [
    'for await using around the call',
    `const all = []; for (await using x of [openAsync(a)]) all.push(await this.flame.call('p', async () => x.name)); return all;`,
    [['a'], 'open a', 'close a'],
  ],
  [
    'using around the call and in the function',
    `using x = open(a); return await this.flame.call('p', () => { using y = open(x.name + 'y'); return y.name; });`,
    ['ay', 'open a', 'open ay', 'close ay', 'close a'],
  ],
  [
    'using in a function in a function',
    `return this.flame.call('p', async () => { using x = open(a); return await this.flame.call('q', () => { using y = open(x.name + 'y'); return y.name + a; }); });`,
    ['aya', 'open a', 'open ay', 'close ay', 'close a'],
  ],
  ['a variable of that name', `const using = a; return this.flame.call('p', () => { log.push(using); return using; });`, ['a', 'a']],
];

type Format = 'commonjs' | 'module';
type Other = (code: string, format: Format) => string;

const byEsbuild: Other = (code, format) =>
  transformSync(code, { format: format === 'module' ? 'esm' : 'cjs', target: 'es2022', supported: { using: false } }).code;
const byTypeScript: Other = (code, format) => {
  const module = format === 'module' ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS;
  return ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022, module } }).outputText;
};
const asItIs: Other = (code) => code;

/** What other compilers do before and after this one. */
const orders: [name: string, before: Other, after: Other][] = [
  ['replaced by tsc before', byTypeScript, asItIs],
  ['replaced by esbuild before', byEsbuild, asItIs],
  ['replaced by esbuild afterwards', asItIs, byEsbuild],
  // From Node 24 on.
  ...(hasUsing() ? [['run by Node', asItIs, asItIs] satisfies [string, Other, Other]] : []),
];

function hasUsing(): boolean {
  try {
    // eslint-disable-next-line typescript/no-implied-eval -- older engines cannot read it
    return Boolean(new Function('{ using x = null; }'));
  } catch {
    return false;
  }
}

describe.each(orders)('Where using is %s, a copy returns the same as its function', (_, before, after) => {
  const results = async (written: string, format: Format): Promise<unknown> => {
    const code = before(written, format);
    const output = compile({ code, file: 'src/file.js', format })!;
    expect(output.diagnostics).toEqual([]);
    return threeWays(after(code, format), { output: after(output.code, format), format });
  };

  it.each(rows)('%s', async (_, body, result) => {
    expect(await results(service(body), 'commonjs')).toEqual({ written: result, inPlace: result, copy: result });
  });

  it('at the top level of an ES module', async () => {
    const code = `import { flame } from 'app';
const log = [];
using x = { name: 'x', [Symbol.dispose]() { log.push('close'); } };
const result = await flame.call('p', () => x.name);
export const run = () => [result, log];`;
    const result = ['x', ['close']];
    expect(await results(code, 'module')).toEqual({ written: result, inPlace: result, copy: result });
  });
});
