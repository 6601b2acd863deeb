import { describe, expect, it } from 'vitest';
import { FilePatterns } from './file-patterns.js';

describe('FilePatterns', () => {
  it.each([
    ['dist/main.js', 'dist/main.js', true],
    ['dist', 'dist/main.js', true],
    ['dist/', 'dist/a/b.js', true],
    ['./dist', 'dist/main.js', true],
    ['dist', 'distant/main.js', false],
    ['*.js', 'main.js', true],
    ['*.js', 'dist/main.js', false],
    ['**/*.js', 'main.js', true],
    ['**/*.js', 'dist/a/main.js', true],
    ['dist/**/*.spec.js', 'dist/main.spec.js', true],
    ['dist/**', 'dist/a/b', true],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['a.c', 'abc', false],
    ['a+(b)[c]{d}|e$', 'a+(b)[c]{d}|e$', true],
  ])('%s and %s: %s', (pattern, path, matches) => {
    expect(new FilePatterns([pattern]).matches(path)).toBe(matches);
  });
});
