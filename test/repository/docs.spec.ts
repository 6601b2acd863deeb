import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
const pages = ['README.md', ...docs.map((page) => join('docs', page))];

/** The code blocks of a page that say in their first line which file they are taken from. */
const quotes = pages.flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```(?:[jt]s|py)\n(?:\/\/|#) (test\/\S+|apps\/\S+)\n(.*?)^```$/gms)].map(
    ([, file, code]) => ({
      page,
      file: file!,
      code: code!,
    }),
  ),
);

/** Code without its layout. */
const plain = (code: string): string => code.replace(/\s+/g, ' ').trim();

describe('README and docs', () => {
  it.each(quotes)('$page quotes $file exactly', ({ file, code }) => {
    expect(plain(readFileSync(join(root, file), 'utf8'))).toContain(plain(code));
  });

  it('contain quotes, and the README, too', () => {
    expect(quotes.filter(({ page }) => page !== 'README.md').length).toBeGreaterThan(0);
    expect(quotes.filter(({ page }) => page === 'README.md').length).toBeGreaterThan(0);
  });
});
