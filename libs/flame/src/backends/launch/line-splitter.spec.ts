import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { splitLines } from './line-splitter.js';

async function linesOf(...chunks: (string | Buffer)[]): Promise<string[]> {
  const lines: string[] = [];
  const stream = new PassThrough();
  splitLines(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await finished(stream);
  return lines;
}

const euro = Buffer.from('€\n');

describe('splitLines', () => {
  it.each<[string, (string | Buffer)[], string[]]>([
    ['nothing', [], []],
    ['several lines in a chunk', ['a\nb\n'], ['a', 'b']],
    ['a line over several chunks', ['a', 'b', 'c\nd\n'], ['abc', 'd']],
    ['an unfinished last line', ['a\nb'], ['a', 'b']],
    ['empty lines', ['\n\na\n'], ['', '', 'a']],
    ['line ends of Windows, cut in two', ['a\r', '\nb\r\n'], ['a', 'b']],
    ['a character cut in two', [euro.subarray(0, 1), euro.subarray(1)], ['€']],
    ['a line that is too long', ['x'.repeat(40_000), 'y\nz\n'], ['x'.repeat(16_384), 'x'.repeat(16_384), `${'x'.repeat(7_232)}y`, 'z']],
  ])('cuts %s', async (_, chunks, lines) => {
    expect(await linesOf(...chunks)).toEqual(lines);
  });

  it('emits the incomplete line when the stream breaks', async () => {
    const lines: string[] = [];
    const stream = new PassThrough();
    splitLines(stream, (line) => lines.push(line));
    stream.write('half a');
    stream.destroy(new Error('reset'));
    await finished(stream).catch(() => undefined);
    expect(lines).toEqual(['half a']);
  });
});
