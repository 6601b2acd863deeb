import { expect, it } from 'vitest';
import { RecentLines } from './recent-lines.js';

it('The last lines are kept; a long one is cut, with its length', () => {
  const recent = new RecentLines(2);
  for (const line of ['first', 'x'.repeat(3_000), 'SyntaxError: no']) recent.add(line);
  expect(recent.lines).toEqual([`${'x'.repeat(500)}… (3000 characters)`, 'SyntaxError: no']);
});
