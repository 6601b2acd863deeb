// Checks that every link within the built site leads to a page and to an anchor that exist.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const site = join(import.meta.dirname, 'dist');
const pages = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'));
const texts = new Map(pages.map((page) => [join(site, page), readFileSync(join(site, page), 'utf8')]));
const anchors = new Map();

/** The ids of a page's elements. */
function anchorsOf(file) {
  if (!anchors.has(file)) anchors.set(file, new Set(Array.from(texts.get(file).matchAll(/ id="([^"]+)"/g), ([, id]) => id)));
  return anchors.get(file);
}

const broken = [];
let count = 0;
for (const [file, text] of texts) {
  for (const [, href] of text.matchAll(/<a\b[^>]*? href="(?!\w+:)([^"]+)"/g)) {
    count++;
    const [path, anchor] = decodeURI(href).split('#');
    const found = path === '' ? file : path.startsWith('/') ? join(site, path) : resolve(dirname(file), path);
    const target = [found, join(found, 'index.html'), `${found}.html`].find((candidate) => texts.has(candidate));
    const there = target ? !anchor || anchorsOf(target).has(anchor) : existsSync(found) && !anchor;
    if (!there) broken.push(`${relative(site, file)}: ${href}`);
  }
}
if (broken.length > 0) throw new Error(`links that lead nowhere:\n${[...new Set(broken)].join('\n')}`);
console.log(`${count} links on ${texts.size} pages lead somewhere`);
