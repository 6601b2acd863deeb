import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { groups } from '../../site/.vitepress/groups.mjs';

const docs = join(import.meta.dirname, '../../docs');

describe('the site', () => {
  it('has every page of the docs in its sidebar, once', () => {
    const pages = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
    const links = groups
      .flatMap(({ pages }) => pages.map(([, link]) => link))
      .filter((link) => link !== '/' && !link.startsWith('/project/'));
    expect(links.sort()).toEqual(
      pages
        .map(
          (page) =>
            `/${page
              .replaceAll('\\', '/')
              .slice(0, -3)
              .replace(/README$/, '')}`,
        )
        .sort(),
    );
  });
});
