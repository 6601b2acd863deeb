import { describe, expect, it } from 'vitest';
import { ProgressLine } from './progress-line.js';

/** A stream of a terminal, with what was written to it. */
function terminal(more: object = {}): { out: NodeJS.WriteStream; written: string[] } {
  const written: string[] = [];
  const out = { isTTY: true, columns: 20, write: (text: string) => written.push(text), ...more };
  return { out: out as unknown as NodeJS.WriteStream, written };
}

describe('ProgressLine', () => {
  it('writes each text over the last one, at most one in 100 ms', () => {
    const { out, written } = terminal();
    const line = new ProgressLine(out);
    line.show('1 of 9', 1000);
    line.show('2 of 9', 1099);
    line.show('3 of 9', 1100);
    expect(written).toEqual(['\r\x1b[K1 of 9', '\r\x1b[K3 of 9']);
  });

  it('cuts a text that would begin a second line', () => {
    const { out, written } = terminal();
    new ProgressLine(out).show('1000 of 1000 files, 100 with inline functions', 1000);
    expect(written).toEqual(['\r\x1b[K1000 of 1000 files,']);
  });

  it('is removed by clear(), if there was one', () => {
    const { out, written } = terminal();
    const line = new ProgressLine(out);
    line.clear();
    expect(written).toEqual([]);
    line.show('1 of 9', 1000);
    line.clear();
    expect(written.at(-1)).toBe('\r\x1b[K');
  });

  it('writes nothing where the output is no terminal', () => {
    const { out, written } = terminal({ isTTY: false });
    const line = new ProgressLine(out);
    line.show('1 of 9', 1000);
    line.clear();
    expect(written).toEqual([]);
  });
});
