import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FlameError, flameErrorCodes } from '../../libs/flame/src/core/errors/flame-error.js';
import { poolDefaults } from '../../libs/flame/src/core/options/pool-config.js';
import { flameDefaults } from '../../libs/flame/src/nest/module/flame-options.js';
import { document, documentedOptions, members, plain, table } from '../support/documents.js';

const root = join(import.meta.dirname, '../..');
const readme = document('README.md');

describe('docs/options.md', () => {
  const page = document('docs/options.md');

  it('names every option of a pool, with its default', () => {
    const options = documentedOptions(page, 'Pools');
    expect([...options.keys()].sort()).toEqual(members('core/options/pool-options.ts', 'PoolOptions').sort());
    for (const [name, value] of Object.entries(poolDefaults)) expect([name, options.get(name)]).toEqual([name, String(value)]);
  });

  it('names every option of the module, with its default', () => {
    const options = documentedOptions(page, 'The module');
    expect([...options.keys()].sort()).toEqual(members('nest/module/flame-options.ts', 'FlameModuleOptions').sort());
    for (const name of ['reconnectTimeout', 'maxPayload', 'linkToRequest'] as const)
      expect([name, options.get(name)]).toEqual([name, String(flameDefaults[name])]);
  });
});

describe('docs/calling.md', () => {
  it('names every option of the decorator', () => {
    const own = members('nest/decorator/on-flame.decorator.ts', 'OnFlameOptions');
    const shared = members('nest/decorator/handler-options.ts', 'HandlerOptions');
    expect([...documentedOptions(document('docs/calling.md'), 'The decorator').keys()].sort()).toEqual([...own, ...shared].sort());
  });
});

describe('docs/errors.md', () => {
  it('names every code of FlameError, and no other', () => {
    expect(table(document('docs/errors.md'), 'Codes').map(([code]) => plain(code!))).toEqual([...flameErrorCodes]);
  });

  it('says of each code what to do', () => {
    expect(Array.from(document('docs/errors.md').matchAll(/^### (FLAME_\w+)$/gm), ([, code]) => code)).toEqual([...flameErrorCodes]);
  });

  it.each(flameErrorCodes)('has the section to which the `help` of %s leads', (code) => {
    const [, page, anchor] = /^node_modules\/nestjs-flame\/(.*)#(.*)$/.exec(new FlameError(code, '').help)!;
    // Forges and the site make the anchor of a heading in this way.
    const anchors = Array.from(document(page!).matchAll(/^#+ (.*)$/gm), ([, title]) => title!.toLowerCase().replaceAll(' ', '-'));
    expect(anchors).toContain(anchor);
  });
});

describe('README', () => {
  it('links to existing files, and to every page of the docs', () => {
    const links = [...readme.matchAll(/\]\((?!http)([^)#]+)/g)].map(([, path]) => path!);
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(() => readFileSync(join(root, link))).not.toThrow();
    const pages = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'));
    expect(pages.filter((page) => !links.includes(`docs/${page}`))).toEqual([]);
  });
});

describe('ARCHITECTURE', () => {
  it('draws and lists every folder of the library, and no other', () => {
    const [drawing, list] = document('ARCHITECTURE.md').split('## Layers')[1]!.split('```text')[1]!.split('```');
    const folders = readdirSync(join(root, 'libs/flame/src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    // What is said of them stands to the right.
    const drawn = drawing!.split('\n').flatMap((line) => line.slice(0, 49).match(/[a-z]+/g) ?? []);
    const listed = [...list!.split('\n## ')[0]!.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name!);
    for (const named of [drawn, listed]) expect(named.sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it('names existing files', () => {
    const text = document('ARCHITECTURE.md');
    const named = [...text.matchAll(/`([\w./-]+\.(?:ts|proto))`/g)].map(([, name]) => name!);
    const files = ['libs/flame/src', 'proto', 'test', 'apps/demo/src'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join('/', folder, file)),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !files.some((file) => file.endsWith(`/${name}`)))).toEqual([]);
  });
});
