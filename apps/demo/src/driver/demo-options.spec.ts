import { describe, expect, it } from 'vitest';
import { readDemoOptions, usage } from './demo-options.js';

describe('readDemoOptions', () => {
  it('has defaults when no options are given', () => {
    expect(readDemoOptions([])).toEqual({ serve: false, keep: false, help: false });
  });

  it('accepts every option that the usage names', () => {
    const named = [...usage.matchAll(/^ {2}(--\w+)/gm)].map(([, option]) => option!);
    expect(readDemoOptions(named)).toEqual({ serve: true, keep: true, help: true });
  });

  it('refuses unknown options', () => {
    expect(() => readDemoOptions(['--sevre'])).toThrow('--sevre');
    expect(() => readDemoOptions(['clip.mp4'])).toThrow('clip.mp4');
  });
});
