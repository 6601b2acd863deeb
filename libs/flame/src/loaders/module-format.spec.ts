import { describe, expect, it } from 'vitest';
import { moduleFormat } from './module-format.js';

describe('moduleFormat', () => {
  it.each([
    ['main.mjs', 'commonjs', 'module'],
    ['main.mts', undefined, 'module'],
    ['main.cjs', 'module', 'commonjs'],
    ['main.js', 'module', 'module'],
    ['main.js', 'commonjs', 'commonjs'],
    ['main.ts', 'module', 'module'],
  ] as const)('of %s in a package of type %s is %s', (path, type, format) => {
    expect(moduleFormat(path, '', type)).toBe(format);
  });

  it.each([
    ['const a = require("a");', 'commonjs'],
    ['return 1;', 'commonjs'],
    ['const text = `\nimport a from "a";\n`;', 'commonjs'],
    ['import("a");', 'commonjs'],
    ['import a from "a";', 'module'],
    ['export {};', 'module'],
    ['await 1;', 'module'],
    ['#!/usr/bin/env node\nimport.meta.url;', 'module'],
  ])('is detected by the syntax if the package does not set it: %j', (code, format) => {
    expect(moduleFormat('/app/main.js', code, undefined)).toBe(format);
  });
});
