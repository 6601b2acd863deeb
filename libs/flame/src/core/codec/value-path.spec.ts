import { describe, expect, it } from 'vitest';
import { valuePath } from './value-path.js';

describe('valuePath', () => {
  it.each([
    [[], ''],
    [[0, 'file', 'handle'], '[0].file.handle'],
    [['file', 0], 'file[0]'],
    [['a b', 'c-d', 'e"f'], '["a b"]["c-d"]["e\\"f"]'],
    [[1, { words: '.get("id")' }, '$x'], '[1].get("id").$x'],
  ])('writes %j as %s', (steps, path) => {
    expect(valuePath(steps)).toBe(path);
  });

  it('shortens the middle of a long path', () => {
    const steps = Array.from({ length: 1_000 }, (_, i) => `n${i}`);
    expect(valuePath(steps)).toBe('n0.n1.n2.n3.n4.n5…(988 more)….n994.n995.n996.n997.n998.n999');
  });
});
