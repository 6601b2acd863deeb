import type { Readable } from 'node:stream';

/** The longest line that is passed on in one piece, in characters. */
const longestLine = 16_384;

/**
 * Splits a text stream into lines and passes each to `take`, without its line end. A line of more than 16,384 characters is passed in
 * pieces of that size, so that output without line ends needs no more memory. An unfinished last line is passed when the stream ends.
 */
export function splitLines(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  const flush = (): void => {
    if (rest !== '') take(rest);
    rest = '';
  };
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const line = rest + text.slice(from, end);
      take(line.endsWith('\r') ? line.slice(0, -1) : line);
      rest = '';
      from = end + 1;
    }
    rest += text.slice(from);
    for (; rest.length > longestLine; rest = rest.slice(longestLine)) take(rest.slice(0, longestLine));
  });
  stream.on('close', flush);
  // The process at the other end of the pipe may be killed at any time. Its exit reports the cause.
  stream.on('error', flush);
}
