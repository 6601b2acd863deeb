import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gates } from '../../bench/src/gates.js';
import { document, plain, table } from '../support/documents.js';

const security = [
  'docs/security.md',
  ...readdirSync(join(import.meta.dirname, '../../docs/security'))
    .map((file) => `docs/security/${file}`)
    .sort(),
];
const pages = ['docs/promises.md', ...security];

/** The tests that a page names: links to test files whose text is a title, or the beginning of one. */
const named = pages.flatMap((page) =>
  Array.from(document(page).matchAll(/\[([^\]]+)\]\((?:\.\.\/)+([^)]+\.(?:spec|contract)\.ts)\)/g), ([, title, file]) => ({
    page,
    title: title!,
    file: file!,
  })),
);

describe.each(pages)('%s', (page) => {
  const tests = named.filter((one) => one.page === page);

  it.each(tests)('names an existing test: "$title"', ({ title, file }) => {
    expect(document(file)).toContain(title);
  });

  it('names tests', () => {
    expect(tests.length).toBeGreaterThan(0);
  });
});

it('The promises and those about security name many tests each', () => {
  const count = (some: readonly string[]): number => named.filter(({ page }) => some.includes(page)).length;
  expect(count(['docs/promises.md'])).toBeGreaterThan(20);
  expect(count(security)).toBeGreaterThan(60);
});

describe('docs/promises.md', () => {
  const text = document('docs/promises.md');

  it.each(['Calls', 'Values and streams', 'Runners'])('has a test for each promise: %s', (heading) => {
    const rows = table(text, heading);
    expect(rows.length).toBeGreaterThan(3);
    expect(rows.filter(([promise, test]) => promise === '' || !test!.includes('](../test/'))).toEqual([]);
  });

  it('has the targets of the bench, of which each can fail CI', () => {
    const promised = table(text, 'Speed').map(([, row, ratio, target]) => [plain(row!), plain(ratio!), target]);
    expect(promised.length).toBeGreaterThan(3);
    const kept = gates.filter(({ shownOnly }) => !shownOnly);
    expect(kept.map(({ row, ratio, more, target }) => [row, ratio, `at ${more ? 'least' : 'most'} ${target}`])).toEqual(
      expect.arrayContaining(promised),
    );
  });
});
