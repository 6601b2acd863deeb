import { describe, expect, it } from 'vitest';
import { FlameParent } from '../module/flame-parent.js';
import { FlameRunner } from './flame-runner.js';

describe('FlameRunner.start', () => {
  it('refuses a process that was not booted by a pool', async () => {
    class AppModule {}
    await expect(FlameRunner.start(AppModule)).rejects.toThrow(
      /FlameRunner\.start\(\) works only in a runner.*if \(FlameParent\.get\(\)\)/,
    );
  });
});

describe('FlameParent in a parent', () => {
  it("is null, keeps lists and chooses the parent's value", () => {
    expect(FlameParent.get()).toBeNull();
    expect(FlameParent.unlessRunner([1, 2])).toEqual([1, 2]);
    expect(FlameParent.choose({ parent: 10, runner: 1 })).toBe(10);
  });
});
