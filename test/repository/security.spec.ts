import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
const promises = Array.from(page.matchAll(/\[([^\]]+)\]\(\.\.\/([^)]+\.spec\.ts)\)/g), ([, test, file]) => ({ test: test!, file: file! }));

describe('docs/security.md', () => {
  it.each(promises)('is right that there is a test "$test"', ({ test, file }) => {
    expect(readFileSync(join(root, file), 'utf8')).toContain(test);
  });

  it('promises something', () => {
    expect(promises.length).toBeGreaterThan(8);
  });
});

/** What may be in an app that installs the library. */
const allowed = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  '(BSD-3-Clause AND Apache-2.0)',
  'Unlicense',
  'Python-2.0',
  'CC0-1.0',
]);

describe('The packages that an app gets with the library', () => {
  it('have licences that ask for no more than to be named', () => {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean; license?: string; link?: boolean }>;
    };
    const production = Object.entries(packages).filter(([path, { dev, link }]) => path.includes('node_modules/') && !dev && !link);
    expect(production.length).toBeGreaterThan(20);
    expect(
      production.filter(([, { license }]) => !allowed.has(license ?? 'none')).map(([path, { license }]) => `${path}: ${license}`),
    ).toEqual([]);
  });
});
