import { transformSync, type TransformOptions } from 'esbuild';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { threeWays } from '../../../../test/support/compiled-file.js';
import { diagnosticsOf, typescriptFile } from '../../../../test/support/typescript-file.js';
import { modules, result, source } from '../../../../test/support/videos-service.js';
import { compile } from './compile.js';

/** The standard has no decorators of parameters. */
const withoutInject = source.replace('@Inject(Flame) ', '');

const tsc = (options: ts.CompilerOptions = {}, code = source): string => typescriptFile(code, options).code;
const esbuild = (options: TransformOptions = {}, code = source): string =>
  transformSync(code, {
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
  ['tsc with decorators as in the standard', tsc({ experimentalDecorators: false, emitDecoratorMetadata: false }, withoutInject)],
  ['esbuild with decorators as in the standard', esbuild({ tsconfigRaw: {} }, withoutInject)],
  ['tsc, then minified by esbuild', transformSync(tsc(), { minify: true, format: 'cjs' }).code],
];

describe('compile', () => {
  it.each(outputs)('makes copies that return the same as the functions in the output of %s', async (_, code) =>
    expect(await threeWays(code, { modules })).toEqual({ written: result, inPlace: result, copy: result }),
  );

  it.each(outputs)('refuses nothing in the output of %s', (_, code) =>
    expect(compile({ code, file: 'src/videos.js', format: 'commonjs' })?.diagnostics).toEqual([]),
  );

  it('recognises Flame in the output of each compiler', () => {
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
