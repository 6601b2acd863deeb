import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { defineConfig } from 'vitepress';
import { groups } from './groups.mts';

const root = join(import.meta.dirname, '../..');

/** The path of a page on the site, without its extension; undefined for a file of the repository that is no page. */
function pageOf(file: string): string | undefined {
  const path = relative(root, file).replaceAll('\\', '/');
  if (path === 'README.md') return '/';
  if (/^docs\/.*\.md$/.test(path)) return `/${path.slice(5, -3).replace(/README$/, '')}`;
  if (/^site\/reference\/.*\.md$/.test(path)) return `/${path.slice(5, -3).replace(/index$/, '')}`;
  return /^[A-Z]+\.md$/.test(path) ? `/project/${path.slice(0, -3).toLowerCase()}` : undefined;
}

interface Resolving {
  resolve(id: string, from: string, options: object): unknown;
}

/** Pages are outside of this folder, where there is no Vue. */
const vueOfSite = {
  name: 'vue-of-site',
  enforce: 'pre' as const,
  resolveId(this: Resolving, id: string, from: string | undefined, { ssr }: { ssr?: boolean }) {
    if (!/^vue(\/|$)/.test(id)) return undefined;
    // Rendering on the server runs in this folder.
    if (ssr) return { id, external: true };
    return from?.startsWith(join(root, 'site')) ? undefined : this.resolve(id, join(import.meta.dirname, 'config.mts'), { skipSelf: true });
  },
};

export default defineConfig({
  title: 'nestjs-flame',
  description: 'Runs chosen methods of a NestJS app on short-lived copies of the same app',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  srcDir: root,
  outDir: join(import.meta.dirname, '../dist'),
  cacheDir: join(import.meta.dirname, '../node_modules/.cache/vitepress'),
  srcExclude: ['{.*,apps,bench,libs,out,proto,test}/**', 'site/!(reference)/**', 'site/*.md'],
  rewrites: (page) =>
    `${pageOf(join(root, page))!
      .slice(1)
      .replace(/(^|\/)$/, '$1index')}.md`,
  cleanUrls: false,
  lastUpdated: false,
  markdown: {
    // As on forges, so that links with anchors work there, too.
    anchor: {
      slugify: (text) =>
        text
          .trim()
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\s_-]/gu, '')
          .replaceAll(/\s/g, '-'),
    },
    config: (markdown) => {
      // Links are relative to files of the repository, so that they work there, too. Those to files that are no pages become plain text.
      markdown.core.ruler.push('repository-links', ({ tokens, env }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const [, path, anchor = ''] = /^(?!\w+:|#)([^#]+)(#.*)?$/.exec(token.attrGet('href') ?? '') ?? [];
          if (token.type !== 'link_open' || path === undefined) continue;
          const file = join(dirname(env.realPath ?? env.path), path);
          if (!existsSync(file)) throw new Error(`${relative(root, env.path)} links to ${path}, which does not exist`);
          const page = pageOf(file);
          if (page !== undefined) token.attrSet('href', `${page.endsWith('/') ? page : `${page}.html`}${anchor}`);
          else token.attrs = [];
        }
      });
    },
  },
  vite: { plugins: [vueOfSite] },
  themeConfig: {
    outline: [2, 3],
    search: { provider: 'local' },
    nav: [
      { text: 'Guide', link: '/' },
      { text: 'Reference', link: '/reference/' },
    ],
    sidebar: groups.map(({ text, pages }) => ({ text, items: pages.map(([title, link]) => ({ text: title, link })) })),
  },
});
