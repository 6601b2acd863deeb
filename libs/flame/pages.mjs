// Copies the docs into the package. Links to files that are not in the package, such as tests, become plain text.
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');
const names = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs'];
for (const name of names) cpSync(join(root, name), join(import.meta.dirname, name), { recursive: true });

const manifest = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'));
// The registry's page shows only the README, and its relative links do not work there. npmx.dev shows the files of a package, and renders
// Markdown with tables and relative links; unpkg and jsDelivr show only the source.
const published = `https://npmx.dev/package-code/${manifest.name}/v/${manifest.version}/`;
/** Serves the files of a package as they are, as pictures need. */
const pictures = `https://unpkg.com/${manifest.name}@${manifest.version}/`;

const pages = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' });
for (const page of pages.filter((file) => /^(docs\/.*|[^/]*)\.md$/.test(file.replaceAll('\\', '/')))) {
  const path = join(import.meta.dirname, page);
  const kept = readFileSync(path, 'utf8').replace(/\[([^\]]+)\]\((?!\w+:|#)([^)#]+)([^)]*)\)/g, (link, text, target, anchor) => {
    const file = join(dirname(path), target);
    const packed = relative(import.meta.dirname, file).replaceAll('\\', '/');
    if (packed.startsWith('..') || !existsSync(file)) return text;
    return page === 'README.md' ? `[${text}](${packed.startsWith('docs/images/') ? pictures : published}${packed}${anchor})` : link;
  });
  writeFileSync(path, kept);
}
