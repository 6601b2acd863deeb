import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { LiveDisplay } from './live-display.js';

describe('LiveDisplay', () => {
  it('leaves the last picture of a step, cut to the width of the terminal', async () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 50, rows: 20 });
    using display = new LiveDisplay(stream as unknown as NodeJS.WriteStream);
    const view = { lines: () => ['x'.repeat(100)], line: () => '' };
    await display.step({ title: 'Working', work: async () => 3, says: (count) => `${count} files`, view });
    const text = stripVTControlCharacters((stream.read(stream.readableLength) as Buffer).toString());
    const [head, drawn] = text.slice(text.indexOf('✔')).split('\n');
    expect(head).toMatch(/^✔ Working {24} +0\.\d s {3}3 files$/);
    expect(drawn).toBe(`    ${'x'.repeat(45)}`);
  });
});
