import { describe, expect, it } from 'vitest';
import { underTest } from './under-test.js';

describe('underTest', () => {
  it.each([
    ['/app/node_modules/vitest/dist/workers/forks.js', true],
    ['/app/node_modules/jest-worker/build/workers/processChild.js', true],
    ['C:\\app\\node_modules\\mocha\\bin\\mocha.js', true],
    ['/app/node_modules/.bin/jest', true],
    ['/app/src/videos.service.spec.ts', true],
    ['/app/test/videos.test.mjs', true],
    ['/app/dist/main.js', false],
    ['/app/dist/latest.js', false],
    ['/app/node_modules/.bin/nest', false],
    ['', false],
  ])('of %s is %s', (script, yes) => {
    expect(underTest(script)).toBe(yes);
  });

  it('knows this very process', () => {
    expect(underTest()).toBe(true);
  });
});
