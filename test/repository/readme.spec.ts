import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { flameErrorCodes } from '../../libs/flame/src/core/flame-error.js';
import { poolDefaults } from '../../libs/flame/src/core/pool-config.js';
import { flameDefaults } from '../../libs/flame/src/nest/flame-options.js';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The rows of the table that follows a heading, cells by column. */
function table(heading: string): string[][] {
  const section = readme.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`))!;
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Option names and their defaults as the table has them, those of `names` with several in one row included. */
function documented(heading: string): Map<string, string> {
  return new Map(
    table(heading).flatMap(([names, value]) =>
      [...names!.matchAll(/`(\w+)`/g)].map(([, name]): [string, string] => [name!, plain(value!)]),
    ),
  );
}

/** `1 000` and `'spread'` as code has them. */
function plain(cell: string): string {
  return cell
    .replaceAll('`', '')
    .replace(/(?<=\d) (?=\d{3})/g, '')
    .replace(/^'(.*)'$/, '$1');
}

/** The members of an interface, as its source declares them. */
function members(file: string, name: string): string[] {
  const source = readFileSync(join(root, 'libs/flame/src', file), 'utf8');
  const body = new RegExp(`interface ${name}[^{]*\\{\n(.*?)^\\}`, 'ms').exec(source)![1]!;
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm)].map(([, member]) => member!);
}

describe('README', () => {
  it('names every option of a pool, with its default', () => {
    const options = documented('Pools');
    expect([...options.keys()].sort()).toEqual(members('core/pool-options.ts', 'PoolOptions').sort());
    for (const [name, value] of Object.entries(poolDefaults)) expect([name, options.get(name)]).toEqual([name, String(value)]);
  });

  it('names every option of the module, with its default', () => {
    const options = documented('The module');
    expect([...options.keys()].sort()).toEqual(members('nest/flame-options.ts', 'FlameModuleOptions').sort());
    for (const name of ['reconnectTimeout', 'maxPayload', 'linkToRequest'] as const)
      expect([name, options.get(name)]).toEqual([name, String(flameDefaults[name])]);
  });

  it('names every option of the decorator', () => {
    expect([...documented('Calling').keys()].sort()).toEqual(members('nest/on-flame.decorator.ts', 'OnFlameOptions').sort());
  });

  it('names every code of FlameError, and no other', () => {
    expect(table('Errors').map(([code]) => plain(code!))).toEqual([...flameErrorCodes]);
  });

  it('links to files that are there', () => {
    const links = [...readme.matchAll(/\]\((?!http)([^)#]+)/g)].map(([, path]) => path!);
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(() => readFileSync(join(root, link))).not.toThrow();
  });
});

describe('ARCHITECTURE', () => {
  it('draws and lists every folder of the library, and no other', () => {
    const [drawing, list] = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').split('## Layers')[1]!.split('```text')[1]!.split('```');
    const folders = readdirSync(join(root, 'libs/flame/src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    // What is said of them stands to the right.
    const drawn = drawing!.split('\n').flatMap((line) => line.slice(0, 45).match(/[a-z]+/g) ?? []);
    const listed = [...list!.split('\n## ')[0]!.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name!);
    for (const named of [drawn, listed]) expect(named.sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it('names files that are there', () => {
    const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const named = [...text.matchAll(/`([\w./-]+\.(?:ts|proto))`/g)].map(([, name]) => name!);
    const files = ['libs/flame/src', 'proto', 'test', 'apps/demo/src'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join('/', folder, file)),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !files.some((file) => file.endsWith(`/${name}`)))).toEqual([]);
  });
});
