import { describe, expect, it } from 'vitest';
import { PlainDisplay } from './plain-display.js';

function record(): { display: PlainDisplay; lines(): string[] } {
  let text = '';
  const display = new PlainDisplay({ write: (more: string) => (text += more) });
  return {
    display,
    lines: () =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^ +[\d.]+ s  /, '  ')),
  };
}

describe('PlainDisplay', () => {
  it('prints a step, its last state and its result', async () => {
    const { display, lines } = record();
    const view = { lines: () => [], line: () => 'two runners' };
    expect(await display.step({ title: 'Working', work: async () => 3, says: (count) => `${count} files`, view })).toBe(3);
    expect(lines()).toEqual(['Working', '  two runners', '  done: 3 files']);
  });

  it('prints that a step failed and rethrows its error', async () => {
    const { display, lines } = record();
    const work = async (): Promise<never> => {
      throw new Error('no disk');
    };
    await expect(display.step({ title: 'Working', work, says: () => '' })).rejects.toThrow('no disk');
    expect(lines()).toEqual(['Working', '  not done']);
  });
});
