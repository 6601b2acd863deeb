import { describe, expect, it } from 'vitest';
import { withModuleVariables } from './module-variables.js';

const file = { path: '/app/dist/a.js', place: '../../a.js', type: 'commonjs', isMain: false } as const;
const common = (code: string, more: object = {}): string => withModuleVariables({ ...file, code, ...more });
const module = (code: string): string => withModuleVariables({ ...file, type: 'module', code });

describe('withModuleVariables', () => {
  it('leaves a file alone that uses none', () => {
    const code = `const a = require('a'); exports.b = a; module.exports.c = 'require';`;
    expect(common(code)).toBe(code);
    expect(module(`import a from 'a'; export default await import('b');`)).not.toContain('__flame');
  });

  it('declares those that a CommonJS file uses, behind its directives and on their line', () => {
    expect(common(`#!/usr/bin/env node\n// strict\n'use strict';\nread(__dirname);`)).toBe(
      `#!/usr/bin/env node\n// strict\n'use strict';\nvar __filename=__flame.file("../../a.js"),__dirname=__flame.folder("../../a.js");read(__dirname);`,
    );
    expect(common(`if (!module.parent) start();`)).toBe(`__flame.module(module,"../../a.js");if (!module.parent) start();`);
  });

  it('makes the module of the main file require.main', () => {
    expect(common(`start();`, { isMain: true })).toBe(`__flame.main=module;__flame.module(module,"../../a.js");start();`);
  });

  it.each([
    [`require(name)`, `__flameRequire(name)`],
    ['require(`./${name}.js`)', '__flameRequire(`./${name}.js`)'],
    [`load(require)`, `load(__flameRequire)`],
    [`[].map(require)`, `[].map(__flameRequire)`],
  ])('gives %s the require of the original file', (code, expected) => {
    expect(common(code)).toBe(`var __flameRequire=__flame.require("../../a.js");${expected}`);
  });

  it('leaves what esbuild follows, and a require that the file itself has declared', () => {
    expect(common(`require('a'); load(require);`)).toContain(`require('a'); load(__flameRequire);`);
    const code = `(function (require) { return require(name); })(load); x = { require: 1 };`;
    expect(common(code)).toBe(code);
  });

  it.each([
    `Function("return filePath => import(filePath)")()`,
    `new Function('specifier', 'return import(specifier)')`,
    `new Function("m", "return import(m);")`,
  ])('finds the import() in %s', (code) => {
    expect(common(`load = ${code};`)).toBe(`var __flameImport=__flame.import("../../a.js");load = __flameImport;`);
  });

  it('gives import() of a computed name and import.meta of an ES module those of the original file', () => {
    expect(module(`await import(name); import('a');`)).toBe(
      `var __flameImport=__flame.import("../../a.js");await __flameImport(name); import('a');`,
    );
    expect(module(`import.meta.url;`)).toBe(`var __flameMeta=__flame.meta("../../a.js");import.meta.url;`);
  });
});
