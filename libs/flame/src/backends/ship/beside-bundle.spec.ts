import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AppBuild } from '../launch/app-build.js';
import type { BundleManifest } from '../launch/runner-bundle.js';
import { AppPackage } from './app-package.js';
import { archiveMagic } from './archive-format.js';
import type { ArchiveIndex } from './archive-format.js';
import { ShippedCode } from './shipped-code.js';
import type { ShipConfig } from './ship-options.js';

/** An app with a bundle, and packages of each kind. */
function bundledApp(more: Partial<BundleManifest> = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'flame-beside-')));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const write = (path: string, content: string | object): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  };
  const needs = (...names: string[]): object => ({ dependencies: Object.fromEntries(names.map((name) => [name, '*'])) });
  write('package.json', { name: 'app', ...needs('bundled', 'placed', 'native', 'unused', 'linked') });
  write('dist/main.js', 'main');
  for (const [name, dependencies] of Object.entries({
    bundled: ['of-bundled'],
    placed: ['data-of-placed', 'bundled'],
    native: ['of-native', 'bundled-of-native'],
    unused: [],
    'of-bundled': [],
    'data-of-placed': [],
    'of-native': [],
    'bundled-of-native': [],
  })) {
    write(`node_modules/${name}/package.json`, { name, ...needs(...dependencies) });
    write(`node_modules/${name}/index.js`, `code of ${name}`);
    write(`node_modules/${name}/more.js`, '');
  }
  write('libs/linked/package.json', { name: 'linked', ...needs('of-bundled') });
  write('libs/linked/index.js', '');
  symlinkSync('../libs/linked', join(root, 'node_modules/linked'));
  const build = AppBuild.read(join(root, 'dist/main.js'))!;
  const inBundle = ['bundled', 'placed', 'bundled-of-native'];
  const manifest: BundleManifest = {
    format: 1,
    build: build.digest,
    start: 'start.cjs',
    code: 'x.cjs',
    external: { native: 'native addon' },
    packages: Object.fromEntries(inBundle.map((name) => [`../../../node_modules/${name}`, ''])),
    disk: { placed: 'files', native: 'dependencies' },
    modules: inBundle.map((name) => `../../../node_modules/${name}/index.js`),
    files: {},
    ...more,
  };
  for (const name of ['start.cjs', 'x.cjs', 'x.cjs.map', 'x.cjs.x64-v20.19.0']) write(`dist/.flame/main/${name}`, '');
  write('dist/.flame/main/manifest.json', manifest);
  return root;
}

function config(root: string, more: Partial<ShipConfig> = {}): ShipConfig {
  const entry = join(root, 'dist/main.js');
  return { entry, bundle: true, paths: [], include: [], exclude: [], cache: undefined, maxBytes: 1e9, ...more };
}

interface Packed {
  readonly packed: AppPackage;
  readonly files: string[];
  readonly links: string[];
  readonly text: (path: string) => string;
}

async function pack(root: string, more: Partial<ShipConfig> = {}): Promise<Packed> {
  const packed = await AppPackage.pack(config(root, more), 'Test.shipCode');
  onTestFinished(() => packed.close());
  const plain = gunzipSync(await packed.read(0, packed.info.bytes));
  const at = archiveMagic.length + 4;
  let content = at + plain.readUInt32BE(archiveMagic.length);
  const index = JSON.parse(plain.toString('utf8', at, content)) as ArchiveIndex;
  const contents = new Map(index.files.map(({ path, bytes }) => [path, plain.toString('utf8', content, (content += bytes))]));
  return {
    packed,
    files: index.files.map(({ path }) => path),
    links: index.links.map(({ path }) => path),
    text: (path) => contents.get(path) ?? 'not there',
  };
}

const ofPackage = (name: string): string[] => ['index.js', 'more.js', 'package.json'].map((file) => `node_modules/${name}/${file}`);
const always = [
  'dist/.flame/main/start.cjs',
  'dist/.flame/main/x.cjs',
  'dist/main.js',
  'libs/linked/index.js',
  'libs/linked/package.json',
  'package.json',
];

describe('A shipped bundle', () => {
  it('is started in the place of the main file, and comes with the packages that it needs on disk, without code that V8 compiled', async () => {
    const { packed, files, links, text } = await pack(bundledApp());
    expect(packed.info.main).toBe('dist/.flame/main/start.cjs');
    expect(packed.refused).toBeUndefined();
    expect(files).toEqual(
      [
        ...always,
        'node_modules/bundled/index.js',
        'node_modules/bundled/package.json',
        ...['bundled-of-native', 'data-of-placed', 'native', 'of-native', 'placed'].flatMap(ofPackage),
      ].sort(),
    );
    expect(links).toEqual(['node_modules/linked']);
    // Of a module that is in the bundle, and that nothing else can run, Node has to find a file by its name.
    expect(text('node_modules/bundled/index.js')).toMatch(/^throw new Error\('this module is only in the bundle/);
    for (const name of ['placed', 'bundled-of-native']) expect(text(`node_modules/${name}/index.js`)).toBe(`code of ${name}`);
  });

  it('comes with all production dependencies if a script of the app itself may load them', async () => {
    const { files } = await pack(bundledApp({ disk: { app: 'dependencies' } }));
    expect(files).toEqual(expect.arrayContaining(['unused', 'of-bundled', 'bundled', 'native'].flatMap(ofPackage)));
  });

  it('comes with what include names', async () => {
    const include = ['node_modules/unused/more.js', 'node_modules/bundled', 'dist/.flame/**/*.map'];
    const { files, text } = await pack(bundledApp(), { include });
    expect(files).toEqual(expect.arrayContaining(['node_modules/unused/more.js', 'dist/.flame/main/x.cjs.map', ...ofPackage('bundled')]));
    expect(text('node_modules/bundled/index.js')).toBe('code of bundled');
    expect(files).not.toContain('node_modules/unused/index.js');
  });

  it('leaves out the links to packages that are not needed', async () => {
    const root = bundledApp();
    rmSync(join(root, 'node_modules/unused'), { recursive: true });
    mkdirSync(join(root, 'node_modules/.pnpm/unused'), { recursive: true });
    writeFileSync(join(root, 'node_modules/.pnpm/unused/package.json'), '{}');
    symlinkSync('.pnpm/unused', join(root, 'node_modules/unused'));
    expect((await pack(root)).links).toEqual(['node_modules/linked']);
    expect((await pack(root, { bundle: false })).links).toEqual(['node_modules/linked', 'node_modules/unused']);
  });

  it('is left out with bundle: false', async () => {
    const { packed, files } = await pack(bundledApp(), { bundle: false });
    expect(packed.info.main).toBe('dist/main.js');
    expect(files.filter((file) => file.includes('.flame'))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['unused', 'of-bundled', 'bundled'].flatMap(ofPackage)));
  });

  it('is not shipped when it is old: the build is, and the log says why, once', async () => {
    const root = bundledApp();
    writeFileSync(join(root, 'dist/main.js'), 'the next build');
    const { packed, files } = await pack(root);
    expect(packed.info.main).toBe('dist/main.js');
    expect(files).toEqual(expect.arrayContaining(ofPackage('unused')));
    const code = new ShippedCode(config(root), 'TestBackend', 'Test.shipCode');
    onTestFinished(() => code.close());
    const warnings: string[] = [];
    const log = { log: () => {}, warn: (text: string) => warnings.push(text), error: () => {} } as never;
    await code.prepare(log);
    await code.prepare(log);
    expect(warnings).toEqual([
      "TestBackend: the app's code is shipped without its bundle: the bundle in dist/.flame/main was made from another build: run npx nestjs-flame bundle after each build",
    ]);
  });
});
