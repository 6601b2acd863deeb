import { describe, expect, it } from 'vitest';
import type { Frame } from '../../core/session/frame.js';
import { TurnSize } from './turn.js';

const call = { type: 'call' } as Frame;
const answers = ['return', 'throw', 'refuse'].map((kind) => ({ type: kind }) as Frame);

function awaiting(calls: number): TurnSize {
  const size = new TurnSize();
  for (let i = 0; i < calls; i++) size.sent(call);
  return size;
}

describe('TurnSize', () => {
  it('is 128 for an end that makes no calls', () => {
    const size = new TurnSize();
    size.came(call);
    for (const answer of answers) size.sent(answer);
    expect(size.limit().frames).toBe(128);
  });

  const sizes = [1, 8, 16, 20, 64, 256, 1_000];
  it(`is half of the answers that are awaited, within 8 and 128: ${sizes.join(', ')}`, () => {
    expect(sizes.map((calls) => awaiting(calls).limit().frames)).toEqual([8, 8, 8, 10, 32, 128, 128]);
  });

  it('allows an end that makes no calls 1 MiB of values from shared memory in every turn, and others any number', () => {
    const size = new TurnSize();
    size.limit().bytes -= 2 ** 20;
    expect(size.limit().bytes).toBe(2 ** 20);
    expect(awaiting(1).limit().bytes).toBe(Infinity);
  });

  it('counts each answer once, and nothing else', () => {
    const size = awaiting(60);
    for (const answer of answers) for (let i = 0; i < 10; i++) size.came(answer);
    for (const kind of ['accept', 'progress', 'item', 'ended', 'log'] as const) size.came({ type: kind } as Frame);
    expect(size.limit().frames).toBe(15);
    for (let i = 0; i < 100; i++) size.came(answers[0]!);
    expect(size.limit().frames).toBe(128);
  });
});
