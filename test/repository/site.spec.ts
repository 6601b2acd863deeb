import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { groups } from '../../site/.vitepress/groups.mjs';

const docs = join(import.meta.dirname, '../../docs');
const pages = readdirSync(docs, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((page) => page.replaceAll('\\', '/'));
/** The most bytes of a page that fits three screens, without the spaces that align its tables. */
const threeScreens = 10_000;

describe('the site', () => {
  it('has every page of the docs in its sidebar, once', () => {
    const links = groups
      .flatMap(({ pages }) => pages.map(([, link]) => link))
      .filter((link) => link !== '/' && !link.startsWith('/project/'));
    expect(links.sort()).toEqual(pages.map((page) => `/${page.slice(0, -3).replace(/README$/, '')}`).sort());
  });

  it.each(['../README.md', ...pages.filter((page) => !page.startsWith('measurements/'))])(
    'has pages of at most three screens: %s',
    (page) => {
      const text = readFileSync(join(docs, page), 'utf8').replace(/ +(?=\|)|-+(?=-)/g, '');
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(threeScreens);
    },
  );
});
