import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AppBuild } from './app-build.js';

/** A folder of files, removed after the test. */
function folder(files: Record<string, string>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'flame-build-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  write(root, files);
  return root;
}

function write(root: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const app = { 'package.json': '{}', 'dist/main.js': 'main', 'dist/users/users.service.js': 'users', 'dist/config.json': '{}' };

function digestOf(root: string, entry = 'dist/main.js'): string | undefined {
  return AppBuild.read(join(root, entry))?.digest.digest;
}

describe('AppBuild', () => {
  it('is the same in another folder, with other times', () => {
    const [here, there] = [folder(app), folder({})];
    cpSync(here, there, { recursive: true });
    utimesSync(join(there, 'dist/main.js'), 0, 0);
    expect(AppBuild.read(join(there, 'dist/main.js'))!.digest).toEqual({
      entry: 'dist/main',
      files: 3,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(digestOf(there)).toBe(digestOf(here));
  });

  it.each([
    ['dist/main.js', 'other'],
    ['dist/users/users.service.js', 'other'],
    ['dist/config.json', '[]'],
    ['dist/new.cjs', ''],
    ['dist/new.mjs', ''],
    ['dist/addon.node', ''],
  ])('differs when %s does', (path, text) => {
    const root = folder(app);
    const build = AppBuild.read(join(root, 'dist/main.js'))!;
    write(root, { [path]: text });
    expect(digestOf(root)).not.toBe(build.digest.digest);
    expect(build.changes()).toEqual([path]);
  });

  it('differs when a file is gone', () => {
    const root = folder(app);
    const build = AppBuild.read(join(root, 'dist/main.js'))!;
    rmSync(join(root, 'dist/config.json'));
    expect(build.changes()).toEqual(['dist/config.json']);
  });

  it.each([
    'dist/main.js.map',
    'dist/main.d.ts',
    'dist/main.ts',
    'dist/tsconfig.build.tsbuildinfo',
    'dist/logo.png',
    'dist/views/index.hbs',
    'dist/node_modules/lib/index.js',
    'dist/.cache/main.js',
    'src/main.js',
    'package.json',
  ])('does not differ when %s does', (path) => {
    const root = folder(app);
    const before = digestOf(root);
    write(root, { [path]: '{ "new": true }' });
    expect(digestOf(root)).toBe(before);
  });

  it('reports no changes for a file that was rewritten with the same content', () => {
    const root = folder(app);
    const build = AppBuild.read(join(root, 'dist/main.js'))!;
    utimesSync(join(root, 'dist/main.js'), 0, 0);
    expect(build.changes()).toEqual([]);
  });

  it('finds the entry as Node does', () => {
    const root = folder({ ...app, 'package.json': '{ "main": "dist/main.js" }' });
    for (const entry of ['dist/main', '.', '']) expect(digestOf(root, entry)).toBe(digestOf(root));
  });

  it('follows a link to the current release, and names the files that another release changed', () => {
    const root = folder({});
    write(join(root, 'releases/1'), app);
    write(join(root, 'releases/2'), { ...app, 'dist/main.js': 'second' });
    symlinkSync('releases/1', join(root, 'current'));
    const build = AppBuild.read(join(root, 'current/dist/main.js'))!;
    expect(build.digest.digest).toBe(digestOf(join(root, 'releases/1')));
    rmSync(join(root, 'current'));
    symlinkSync('releases/2', join(root, 'current'));
    expect(build.changes()).toEqual(['dist/main.js']);
  });

  it.each(['dist/apps/shop/main.js', 'dist/apps/shop/apps/shop/src/main.js', 'apps/shop/main.js'])(
    "is one app's of a monorepo: %s",
    (entry) => {
      const own = entry.slice(0, entry.indexOf('apps/shop') + 9);
      const root = folder({ 'package.json': '{}', [entry]: 'main', [`${own}/libs/db.js`]: 'db' });
      const build = AppBuild.read(join(root, entry))!;
      write(root, { [`${own.replace('shop', 'worker')}/main.js`]: 'another app' });
      expect(build.changes()).toEqual([]);
      write(root, { [`${own}/libs/db.js`]: 'new' });
      expect(build.changes()).toEqual([`${own}/libs/db.js`]);
    },
  );

  it('ignores JSON files beside package.json if the entry is there, too', () => {
    const root = folder({ 'package.json': '{}', 'server.js': 'main', 'lib/db.js': 'db' });
    const build = AppBuild.read(join(root, 'server.js'))!;
    expect(build.digest).toMatchObject({ entry: 'server', files: 2 });
    write(root, { 'data.json': '{}' });
    expect(build.changes()).toEqual([]);
  });

  it('includes TypeScript if the entry is TypeScript, and never declarations', () => {
    const root = folder({ 'package.json': '{}', 'src/main.ts': 'main', 'src/types.d.ts': '', 'src/page.tsx': '', 'src/old.js': '' });
    expect(AppBuild.read(join(root, 'src/main.ts'))!.digest).toMatchObject({ entry: 'src/main', files: 3 });
  });

  it.each([
    ['a process without a script', undefined],
    ['a script that is not there', '/nowhere/main.js'],
    ['standard input', '-'],
    ['a program of a package', 'node_modules/tool/cli.js'],
    ['a file without a package.json above it', '../main.js'],
  ])('is unknown for %s', (_, script) => {
    const root = folder({
      'app/package.json': '{}',
      'main.js': '',
      'app/node_modules/tool/cli.js': '',
      'app/node_modules/tool/package.json': '{}',
    });
    const path = script === undefined || /^(\/|-)/.test(script) ? script : join(root, 'app', script);
    expect(script === undefined ? readWithoutScript() : AppBuild.read(path)).toBeUndefined();
  });

  it('is unknown if a file cannot be read, and then has no changes', () => {
    const root = folder(app);
    const build = AppBuild.read(join(root, 'dist/main.js'))!;
    symlinkSync('nowhere.js', join(root, 'dist/broken.js'));
    expect(digestOf(root)).toBeUndefined();
    expect(build.changes()).toEqual([]);
  });

  it('is unknown if the folder has more entries than a build', () => {
    const root = folder({ 'package.json': '{}', 'dist/main.js': 'main' });
    for (let nr = 0; nr < 26; nr++) writeFileSync(join(root, `dist/${nr}.js`), Buffer.alloc(10 * 1024 * 1024));
    expect(digestOf(root)).toBeUndefined();
  });
});

function readWithoutScript(): AppBuild | undefined {
  const { argv } = process;
  process.argv = argv.slice(0, 1);
  try {
    return AppBuild.read();
  } finally {
    process.argv = argv;
  }
}
