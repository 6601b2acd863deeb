import type { Readable } from 'node:stream';

/** The longest line that is passed on in one piece. */
const longestLine = 16_384;

/**
 * Cuts a text stream into lines and hands each to `take`, without its line end. A line above 16,384 characters comes in pieces of that
 * size, so that output without line ends costs no memory; an unfinished last line comes when the stream ends.
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
  // The other end of the pipe is a process that may be killed at any time; its exit says what happened.
  stream.on('error', flush);
}
