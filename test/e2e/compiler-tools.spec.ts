import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile } from '../../libs/flame/src/compile/index.js';
import { threeWays } from '../support/compiled-file.js';
import { tool } from '../support/tool.js';
import { typescriptFile } from '../support/typescript-file.js';
import { modules, result, source } from '../support/videos-service.js';

/** A package of the registry, outside of the repository. */
function load<Package>(spec: string, name: string): Package {
  return createRequire(join(tool(spec), 'any.js'))(name) as Package;
}

interface Swc {
  transformSync(code: string, options: object): { code: string };
}

const { transformSync } = load<Swc>('@swc/core@1.16.22', '@swc/core');
const swc = (jsc: object, more: object = {}, code = source): string =>
  transformSync(code, {
    filename: 'videos.service.ts',
    module: { type: 'commonjs' },
    jsc: { parser: { syntax: 'typescript', decorators: true }, transform: { legacyDecorator: true, decoratorMetadata: true }, ...jsc },
    ...more,
  }).code;

const standard = { target: 'es2022', transform: { decoratorVersion: '2022-03' } };
/** With what the output has in any case. */
const outputs: [name: string, code: string, has: RegExp][] = [
  ['ES2022', swc({ target: 'es2022' }), /_ts_decorate\(.*_ts_metadata\(/s],
  ['ES2020, without private names', swc({ target: 'es2020' }), /_class_private_field_get\(this, _secret\)/],
  ['ES2016, without async functions', swc({ target: 'es2016' }), /_async_to_generator\(function/],
  ['ES2022, minified', swc({ target: 'es2022', minify: { compress: true, mangle: true } }, { minify: true }), /^"use strict";\S/],
  ['ES2022, with decorators as in the standard', swc(standard, {}, source.replace('@Inject(Flame)', '')), /_apply_decs_2203_r\(/],
];
describe('Inline functions in the output of swc', () => {
  it.each(outputs)('return the same in their copies as in place: for %s', async (_, code, has) => {
    expect(code).toMatch(has);
    expect(compile({ code, file: 'src/videos.js', format: 'commonjs' })?.diagnostics).toEqual([]);
    expect(await threeWays(code, { modules })).toEqual({ written: result, inPlace: result, copy: result });
  });
});

interface Istanbul {
  createInstrumenter(options: object): { instrumentSync(code: string, path: string): string };
}

describe('Inline functions of code that istanbul instruments', () => {
  const { createInstrumenter } = load<Istanbul>('istanbul-lib-instrument@6.0.3', 'istanbul-lib-instrument');
  const { code } = typescriptFile(source);
  const instrumented = (given: string, path: string): string => createInstrumenter({ compact: false }).instrumentSync(given, path);
  /** How often each function of a file has run. */
  const counts = (path: string): number[] =>
    Object.values((globalThis as unknown as { __coverage__: Record<string, { f: Record<string, number> }> }).__coverage__[path]!.f);

  it('return the same in their copies as in place, and are counted there as often', async () => {
    const before = instrumented(code, 'before.js');
    expect(before).toMatch(/call\('ffmpeg', async \(\) => \{\s*cov_\w+\(\)\.f\[\d+\]\+\+;/);
    expect(compile({ code: before, file: 'src/videos.js', format: 'commonjs' })?.diagnostics).toEqual([]);
    expect(await threeWays(before, { modules })).toEqual({ written: result, inPlace: result, copy: result });
    expect(counts('before.js').filter((count) => count % 3 !== 0)).toEqual([]);
    expect(counts('before.js').every((count) => count > 0)).toBe(true);
  });

  it('return the same if they were already compiled', async () => {
    const output = instrumented(compile({ code, file: 'src/videos.js', format: 'commonjs' })!.code, 'after.js');
    expect(output).toMatch(/\$method/);
    expect(await threeWays(code, { modules, output })).toEqual({ written: result, inPlace: result, copy: result });
  });
});
