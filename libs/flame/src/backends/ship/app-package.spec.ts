import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AppPackage } from './app-package.js';
import { archiveMagic } from './archive-format.js';
import type { ArchiveIndex } from './archive-format.js';
import type { ShipConfig } from './ship-options.js';

type Tree = Readonly<Record<string, string | object>>;

/** A project on disk: files by path; objects are written as JSON, and a text that begins with `->` is a link. */
function project(tree: Tree): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'flame-project-')));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, content] of Object.entries(tree)) {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    if (typeof content === 'string' && content.startsWith('->')) symlinkSync(content.slice(2), full);
    else writeFileSync(full, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return root;
}

async function pack(root: string, config: Partial<ShipConfig> = {}): Promise<AppPackage> {
  const options = {
    entry: join(root, 'dist/main.js'),
    bundle: true,
    paths: [],
    include: [],
    exclude: [],
    cache: undefined,
    maxBytes: 1e9,
    ...config,
  };
  const packed = await AppPackage.pack(options, 'Test.shipCode');
  onTestFinished(() => packed.close());
  return packed;
}

async function indexOf(packed: AppPackage): Promise<ArchiveIndex> {
  const plain = gunzipSync(await packed.read(0, packed.info.bytes));
  expect(plain.length).toBe(packed.info.unpacked);
  const at = archiveMagic.length + 4;
  return JSON.parse(plain.toString('utf8', at, at + plain.readUInt32BE(archiveMagic.length))) as ArchiveIndex;
}

const paths = async (packed: AppPackage): Promise<string[]> => (await indexOf(packed)).files.map(({ path }) => path);
const app = (more: object = {}): object => ({ name: 'app', ...more });
const small: Tree = { 'package.json': app(), 'dist/main.js': 'main' };

describe('AppPackage', () => {
  it('holds the build and package.json, and neither sources nor hidden folders', async () => {
    const root = project({ ...small, 'dist/a/b.json': {}, 'dist/.flame/x.js': '', 'src/main.ts': '', '.env': '', 'README.md': '' });
    const packed = await pack(root);
    expect(await paths(packed)).toEqual(['dist/a/b.json', 'dist/main.js', 'package.json']);
    expect(packed.info).toMatchObject({ main: 'dist/main.js', folder: '.', preloads: [] });
  });

  it('holds the dependencies that Node would load, nested copies too, and nothing for development', async () => {
    const root = project({
      ...small,
      'package.json': app({ dependencies: { a: '*', gone: '*' }, devDependencies: { dev: '*', only: '*' } }),
      'node_modules/a/package.json': {
        dependencies: { c: '*' },
        peerDependencies: { peer: '*', only: '*' },
        peerDependenciesMeta: { only: { optional: true } },
      },
      'node_modules/a/index.js': '',
      'node_modules/a/index.d.ts': '',
      'node_modules/a/index.ts': '',
      'node_modules/a/index.js.map': '',
      'node_modules/a/node_modules/c/package.json': {},
      'node_modules/a/node_modules/unused/package.json': {},
      'node_modules/c/package.json': {},
      'node_modules/peer/package.json': { optionalDependencies: { '@s/extra': '*' } },
      'node_modules/@s/extra/package.json': {},
      'node_modules/dev/package.json': {},
      'node_modules/only/package.json': {},
    });
    expect(await paths(await pack(root))).toEqual([
      'dist/main.js',
      'node_modules/@s/extra/package.json',
      'node_modules/a/index.js',
      'node_modules/a/node_modules/c/package.json',
      'node_modules/a/package.json',
      'node_modules/peer/package.json',
      'package.json',
    ]);
  });

  it('follows the links of workspaces, and ships of a workspace what it would publish', async () => {
    const root = project({
      'apps/shop/package.json': app({ dependencies: { lib: '*', far: '*' } }),
      'apps/shop/dist/main.js': '',
      'node_modules/lib': '->../libs/lib',
      'node_modules/far': '->.pnpm/far@1/node_modules/far',
      'node_modules/.pnpm/far@1/node_modules/far/package.json': { dependencies: { near: '*' } },
      'node_modules/.pnpm/far@1/node_modules/near': '->../../near@2/node_modules/near',
      'node_modules/.pnpm/near@2/node_modules/near/package.json': {},
      'libs/lib/package.json': { files: ['dist/*.js', 'README.md'] },
      'libs/lib/dist/index.js': '',
      'libs/lib/dist/index.css': '',
      'libs/lib/src/index.ts': '',
    });
    const packed = await pack(root, { entry: join(root, 'apps/shop/dist/main.js') });
    expect(packed.info).toMatchObject({ main: 'apps/shop/dist/main.js', folder: 'apps/shop' });
    const { files, links } = await indexOf(packed);
    expect(files.map(({ path }) => path)).toEqual([
      'apps/shop/dist/main.js',
      'apps/shop/package.json',
      'libs/lib/dist/index.js',
      'libs/lib/package.json',
      'node_modules/.pnpm/far@1/node_modules/far/package.json',
      'node_modules/.pnpm/near@2/node_modules/near/package.json',
    ]);
    expect(links).toEqual([
      { path: 'node_modules/.pnpm/far@1/node_modules/near', target: '../../near@2/node_modules/near' },
      { path: 'node_modules/far', target: '.pnpm/far@1/node_modules/far' },
      { path: 'node_modules/lib', target: '../libs/lib' },
    ]);
  });

  it('takes paths, include and exclude into account', async () => {
    const root = project({
      ...small,
      'package.json': app({ dependencies: { a: '*' } }),
      'dist/main.spec.js': '',
      'models/small.bin': '1',
      'models/large.bin': '2',
      'node_modules/a/package.json': {},
      'node_modules/a/index.d.ts': '',
      'node_modules/a/docs/x.html': '',
    });
    const packed = await pack(root, {
      paths: ['models'],
      include: ['node_modules/a/*.d.ts'],
      exclude: ['**/*.spec.js', 'models/large.*', 'node_modules/a/docs'],
    });
    expect(await paths(packed)).toEqual([
      'dist/main.js',
      'models/small.bin',
      'node_modules/a/index.d.ts',
      'node_modules/a/package.json',
      'package.json',
    ]);
  });

  it('has the same hash for equal code, whatever the times are, and another one for other contents, names and modes', async () => {
    const root = project(small);
    const main = join(root, 'dist/main.js');
    const hash = async (): Promise<string> => (await pack(root)).info.hash;
    const first = await hash();
    utimesSync(main, 1, 1);
    expect(await hash()).toBe(first);
    expect((await pack(project(small))).info.hash).toBe(first);
    chmodSync(main, 0o755);
    const executable = await hash();
    expect(executable).not.toBe(first);
    chmodSync(main, 0o644);
    writeFileSync(main, 'Main');
    expect(await hash()).not.toBe(first);
    writeFileSync(main, 'main');
    writeFileSync(join(root, 'dist/more.js'), '');
    expect(await hash()).not.toBe(first);
  });

  it('names the addons, what they were built for, and the package that needs them', async () => {
    const addon = (machine: number): string =>
      `\x7fELF\x02\x01${'\0'.repeat(12)}${String.fromCharCode(machine)}\0\0libc.so.6\0napi_register_module_v1`;
    const root = project({
      ...small,
      'package.json': app({ dependencies: { sharp: '*', packr: '*' } }),
      'node_modules/sharp/package.json': { optionalDependencies: { '@img/x64': '*' } },
      'node_modules/@img/x64/package.json': { os: ['linux'], cpu: ['x64'] },
      'node_modules/@img/x64/sharp.node': addon(62),
      'node_modules/packr/package.json': { optionalDependencies: { extract: '*' } },
      'node_modules/extract/package.json': {},
      'node_modules/extract/build/x.node': addon(40),
    });
    expect((await indexOf(await pack(root))).addons).toEqual([
      { path: 'node_modules/@img/x64/sharp.node', package: 'sharp', platform: 'linux', arch: 'x64', libc: 'glibc' },
      { path: 'node_modules/extract/build/x.node', package: 'extract', optional: true, platform: 'linux', arch: 'arm', libc: 'glibc' },
    ]);
  });

  it('serves what was packed, also after the build was removed from disk', async () => {
    const root = project(small);
    const packed = await pack(root);
    rmSync(join(root, 'dist'), { recursive: true });
    expect(await paths(packed)).toContain('dist/main.js');
    expect(Buffer.from(await packed.read(2, 3))).toEqual(Buffer.from(await packed.read(0, 5)).subarray(2));
  });

  it.each([
    [
      'a link to elsewhere',
      { ...small, 'dist/passwd': '->/etc/passwd' },
      {},
      /cannot ship \S+dist\/passwd: it is a symbolic link to \/etc\/passwd.*exclude/,
    ],
    ['a path that is not there', small, { paths: ['models'] }, /^Test\.shipCode\.paths\[0\] is "models", and there is no /],
    ['a path outside of the project', small, { paths: ['/etc/hostname'] }, /have no folder in common/],
    [
      'too much',
      { ...small, 'dist/large.js': 'x'.repeat(50_000) },
      { maxBytes: 40_000 },
      /^Test\.shipCode\.maxBytes allows 0\.0 MB, and the app has 0\.1 MB\. The largest parts: app \(0\.1 MB\)/,
    ],
  ] as [string, Tree, Partial<ShipConfig>, RegExp][])('refuses %s', async (_, tree, config, message) => {
    await expect(pack(project(tree), config)).rejects.toThrow(message);
  });

  it('refuses TypeScript, and a file without an app', async () => {
    const root = project({ 'package.json': app(), 'src/main.ts': '' });
    await expect(pack(root, { entry: join(root, 'src/main.ts') })).rejects.toThrow(/is TypeScript\. Compile the app/);
    await expect(pack(root, { entry: '/nowhere/main.js' })).rejects.toThrow(
      /^Test\.shipCode cannot find the app: \/nowhere\/main\.js is not a file of an app/,
    );
  });
});
