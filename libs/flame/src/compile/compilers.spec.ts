import { transformSync, type TransformOptions } from 'esbuild';
import * as tslib from 'tslib';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { threeWays } from '../../../../test/support/compiled-file.js';
import { diagnosticsOf, typescriptFile } from '../../../../test/support/typescript-file.js';
import { compile } from './compile.js';

/** A service as people write it; its `run` gives the same however it is compiled. */
const source = `import { Inject, Injectable } from '@nestjs/common';
import { Flame } from 'nestjs-flame';
import { double } from './double';
import type { Video } from './video';

export enum Size { Small = 2, Large = 10 }
namespace Limits { export const most = 7; export const of = (flame: Flame, x: number) => flame.call('p', () => x + most); }

@Injectable()
export class Videos {
  static readonly suffix = '.mp4';
  #secret = 'secret';
  private readonly label: string = 'label';

  constructor(@Inject(Flame) private readonly flame: Flame, private readonly other?: Video) {}

  async run<T>(a: T, b: number): Promise<unknown> {
    const { x = b, ...rest } = { y: 1 } as { x?: number; y: number };
    const first = await this.flame.call('ffmpeg', async () => [this.label, this.#secret, Videos.suffix, a, double(x), rest, Size.Large, this.other?.title ?? b]);
    const second = await this.flame.map('ffmpeg', [1, 2], async (item: number, index): Promise<number> => item * b + index);
    const third: unknown[] = [];
    for await (const page of this.flame.call('ffmpeg', async function* (this: Videos) { yield this.label; yield await a; }) as AsyncIterable<unknown>) third.push(page);
    for (const item of [1, 2]) third.push(await this.flame.call('ffmpeg', async () => this.flame.call('p', async () => this.label + item)));
    return [first, second, third, await Limits.of(this.flame, b)];
  }
}

export const run = (flame: Flame & { self?: unknown }) => (flame.self = new Videos(flame)).run('a', 2);
`;

const result = [['label', 'secret', '.mp4', 'a', 4, { y: 1 }, 10, 2], [2, 5], ['label', 'a', 'label1', 'label2'], 9];

class Flame {}
const modules = {
  tslib,
  '@nestjs/common': { Injectable: () => () => undefined, Inject: () => () => undefined },
  'nestjs-flame': { Flame },
  './double': { double: (value: number) => value * 2 },
};

const tsc = (options: ts.CompilerOptions = {}): string => typescriptFile(source, options).code;
const esbuild = (options: TransformOptions = {}): string =>
  transformSync(source, {
    loader: 'ts',
    format: 'cjs',
    target: 'es2022',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
    ...options,
  }).code;

const outputs: [name: string, code: string][] = [
  ['tsc for ES2023', tsc()],
  ['tsc for ES2022 with fields defined', tsc({ useDefineForClassFields: true })],
  ['tsc for ES2017, with async functions and private names', tsc({ target: ts.ScriptTarget.ES2017 })],
  ['tsc for ES2015, with __awaiter', tsc({ target: ts.ScriptTarget.ES2015 })],
  ['tsc with helpers of tslib', tsc({ target: ts.ScriptTarget.ES2015, importHelpers: true })],
  ['esbuild', esbuild()],
  ['esbuild for ES2020', esbuild({ target: 'es2020' })],
  ['esbuild for ES2016, with __async', esbuild({ target: 'es2016' })],
  ['esbuild, minified', esbuild({ minify: true })],
  ['esbuild, minified with names kept', esbuild({ minify: true, keepNames: true })],
  ['tsc, then minified by esbuild', transformSync(tsc(), { minify: true, format: 'cjs' }).code],
];

describe('compile', () => {
  it.each(outputs)('lets copies give what the functions give in the output of %s', async (_, code) =>
    expect(await threeWays(code, { modules })).toEqual({ written: result, inPlace: result, copy: result }),
  );

  it.each(outputs)('refuses nothing in the output of %s', (_, code) =>
    expect(compile({ code, file: 'src/videos.js', format: 'commonjs' })?.diagnostics).toEqual([]),
  );

  it('knows Flame in the output of each compiler', () => {
    const refused = `import { Flame } from 'nestjs-flame';
export class Videos {
  constructor(@Inject(Flame) private readonly boiler: Flame) {}
  run(count: number) { return this.boiler.call('ffmpeg', () => count++); }
}`;
    const compilerOptions = { experimentalDecorators: true };
    for (const format of ['cjs', 'esm'] as const) {
      const { code } = transformSync(refused, { loader: 'ts', format, tsconfigRaw: { compilerOptions } });
      expect(diagnosticsOf({ code, file: 'a.js', format: format === 'cjs' ? 'commonjs' : 'module' })).toMatch(
        /error: .* assigns to "count"/,
      );
    }
    for (const module of [ts.ModuleKind.CommonJS, ts.ModuleKind.ESNext])
      expect(diagnosticsOf(typescriptFile(refused, { module }))).toMatch(/error: .* assigns to "count"/);
  });
});
