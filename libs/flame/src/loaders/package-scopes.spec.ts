import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PackageScopes } from './package-scopes.js';

const flame = { dependencies: { 'nestjs-flame': '^1.0.0' } };

/** A folder of package.json files; removed after the test. */
function packages(manifests: Record<string, object>): (path: string) => string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'flame-scopes-')));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [folder, manifest] of Object.entries(manifests)) {
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder, 'package.json'), JSON.stringify(manifest));
  }
  return (path) => join(root, path);
}

describe('PackageScopes', () => {
  const at = (manifests: Record<string, object>, path: string) => {
    const absolute = packages(manifests)(path);
    const scopes = new PackageScopes();
    return { scope: scopes.of(absolute), compiles: scopes.compiles(absolute), id: scopes.idOf(absolute), folder: dirname(absolute) };
  };

  it.each([
    ["the app's own files", { app: { name: 'app' } }, 'app/dist/main.js', true, 'dist/main.js'],
    ['a package of a monorepo', { app: { name: 'app' }, 'app/libs/db': { name: 'db' } }, 'app/libs/db/dist/a.js', true, 'dist/a.js'],
    ['an installed package', { app: flame, 'app/node_modules/a': { name: 'a' } }, 'app/node_modules/a/i.js', false, 'a/i.js'],
    [
      'an installed package with this library',
      { 'node_modules/@x/a': { name: '@x/a', ...flame } },
      'node_modules/@x/a/l/i.js',
      true,
      '@x/a/l/i.js',
    ],
    [
      'one that asks its app for this library',
      { 'node_modules/a': { peerDependencies: flame.dependencies } },
      'node_modules/a/i.js',
      true,
      'i.js',
    ],
    [
      'one that is developed with this library',
      { 'node_modules/a': { devDependencies: flame.dependencies } },
      'node_modules/a/i.js',
      false,
      'i.js',
    ],
    ['an installed folder without package.json', { app: flame }, 'app/node_modules/a/i.js', false, 'i.js'],
    [
      'this library',
      { 'node_modules/nestjs-flame': { name: 'nestjs-flame', ...flame } },
      'node_modules/nestjs-flame/i.js',
      false,
      'nestjs-flame/i.js',
    ],
    ['this library, linked', { flame: { name: 'nestjs-flame' } }, 'flame/dist/i.js', false, 'dist/i.js'],
  ])('decides about %s', (_, manifests, path, compiles, id) => {
    expect(at(manifests, path)).toMatchObject({ compiles, id });
  });

  it('uses the nearest package.json, as Node does', () => {
    const manifests = { '': { type: 'commonjs' }, dist: { type: 'module' } };
    expect(at(manifests, 'dist/a/main.js').scope?.type).toBe('module');
    expect(at(manifests, 'src/main.js').scope?.type).toBe('commonjs');
    expect(at({ '': {} }, 'src/main.js').scope?.type).toBeUndefined();
  });

  it('includes files outside of every package', () => {
    expect(at({}, 'main.js')).toMatchObject({ scope: undefined, compiles: true, id: 'main.js' });
  });

  it('ignores a broken package.json, which Node reports', () => {
    const path = packages({ app: { type: 'module' } });
    mkdirSync(path('app/dist'));
    writeFileSync(path('app/dist/package.json'), '{');
    expect(new PackageScopes().of(path('app/dist/main.js'))?.type).toBe('module');
  });
});
