// Copies the texts into the package. Links to what is not in the package, such as tests, become plain text there.
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');
const names = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs'];
for (const name of names) cpSync(join(root, name), join(import.meta.dirname, name), { recursive: true });

const pages = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' });
for (const page of pages.filter((file) => /^(docs\/.*|[^/]*)\.md$/.test(file.replaceAll('\\', '/')))) {
  const path = join(import.meta.dirname, page);
  const kept = readFileSync(path, 'utf8').replace(/\[([^\]]+)\]\((?!\w+:|#)([^)#]+)[^)]*\)/g, (link, text, target) => {
    const file = join(dirname(path), target);
    const packed = !relative(import.meta.dirname, file).startsWith('..') && existsSync(file);
    return packed ? link : text;
  });
  writeFileSync(path, kept);
}
