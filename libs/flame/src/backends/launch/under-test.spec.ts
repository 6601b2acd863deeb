import { describe as group, expect, it } from 'vitest';
import { underTest } from './under-test.js';

const app = { argv: ['node', '/app/dist/main.js'], execArgv: [] };

group('underTest', () => {
  it.each([
    ['/app/node_modules/vitest/dist/workers/forks.js', true],
    ['/app/node_modules/jest-worker/build/workers/processChild.js', true],
    ['C:\\app\\node_modules\\mocha\\bin\\mocha.js', true],
    ['/app/node_modules/@tapjs/run/dist/esm/index.js', true],
    ['/app/node_modules/.bin/jest', true],
    ['/app/src/videos.service.spec.ts', true],
    ['/app/test/videos.test.mjs', true],
    ['/app/dist/main.js', false],
    ['/app/dist/latest.js', false],
    ['/app/node_modules/.bin/nest', false],
    ['/app/node_modules/nx/bin/run-executor.js', false],
    ['', false],
  ])('recognises the script %s as a test: %s', (script, yes) => {
    expect(underTest({ argv: ['node', script], execArgv: [] }, {})).toBe(yes);
  });

  it.each<[string, object, boolean]>([
    ['Vitest’s worker', { __vitest_worker__: {} }, true],
    ['the expect of Jest and of Vitest', { [Symbol.for('$$jest-matchers-object')]: {} }, true],
    ['describe and it', { describe: () => {}, it: () => {} }, true],
    ['a global that is only called it', { it: 'happens' }, false],
  ])('decides correctly for a process with %s', (_, globals, yes) => {
    expect(underTest(app, globals)).toBe(yes);
  });

  it('recognises node:test by the modules that Node has loaded, and by its flags', () => {
    expect(underTest({ ...app, moduleLoadList: ['NativeModule internal/test_runner/harness'] }, {})).toBe(true);
    expect(underTest({ ...app, execArgv: ['--test', '--test-isolation=none'] }, {})).toBe(true);
    expect(underTest({ ...app, moduleLoadList: ['NativeModule internal/modules/run_main'] }, {})).toBe(false);
  });

  it('recognises this process itself', () => {
    expect(underTest()).toBe(true);
    expect(underTest(app)).toBe(true);
  });
});
