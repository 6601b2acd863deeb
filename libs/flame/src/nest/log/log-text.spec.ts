import { describe, expect, it } from 'vitest';
import { logText, withContext } from './log-text.js';

const stack = 'Error: no\n    at f (a.js:1:2)';

describe('logText', () => {
  it.each<[string, unknown, unknown[], string]>([
    ['a text', 'starts', ['Videos'], '[Videos] starts'],
    ['a text without a context', 'starts', [], 'starts'],
    ['what fills the message in', '%s has %d frames, %o', ['x.mp4', 7, { a: 1 }, 'Videos'], '[Videos] x.mp4 has 7 frames, { a: 1 }'],
    ['more than fills it in', 'a', [1, { b: 2 }, 'Videos'], '[Videos] a 1 { b: 2 }'],
    ['a percent sign that nothing fills in', '100% of %s', ['Videos'], '[Videos] 100% of %s'],
    ['fields', { msg: 'starts', file: 'x.mp4' }, ['Videos'], "[Videos] starts { file: 'x.mp4' }"],
    ['fields alone', { file: 'x.mp4' }, ['Videos'], "[Videos] { file: 'x.mp4' }"],
    ['fields beside a message', { file: 'x.mp4' }, ['%s starts', 'it', 'Videos'], "[Videos] it starts { file: 'x.mp4' }"],
    ['a message as Nest’s JSON has it', { message: 'starts', id: 1 }, ['Videos'], '[Videos] starts { id: 1 }'],
    ['a stack', 'fails', [stack, 'Videos'], `[Videos] fails\n${stack}`],
    ['a stack without a context', 'fails', [stack], `fails\n${stack}`],
    ['no stack', 'fails', [undefined, 'Videos'], '[Videos] fails'],
    ['nothing', undefined, ['Videos'], '[Videos] undefined'],
    ['a list', [1, 'a'], ['Videos'], "[Videos] [ 1, 'a' ]"],
  ])('reads %s', (_, message, more, expected) => {
    expect(withContext(logText(message, more))).toBe(expected);
  });

  it('reads an error, and an error among the fields, with its stack', () => {
    const error = new Error('no');
    expect(logText(error, ['Videos'])).toEqual({ context: 'Videos', text: error.stack });
    expect(logText({ err: error, id: 1 }, ['it failed', 'Videos']).text).toBe(`it failed { id: 1 } \n${error.stack}`);
  });
});
