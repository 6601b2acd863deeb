import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly gypfile?: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Packages that find or build native addons for others. Some of them look at the call stack, in which a bundle is one file. */
const addonLoaders = [
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  'node-pre-gyp',
  '@mapbox/node-pre-gyp',
  'prebuild-install',
  'pkg-prebuilds',
];
const builds = /\b(node-gyp|node-pre-gyp|prebuild-install|node-gyp-build|cmake-js)\b/;

/** Whether a package has a native addon of its own, by its folder: then it stays outside of bundles. */
export function isNative(root: string): boolean {
  if (['binding.gyp', 'prebuilds'].some((name) => existsSync(join(root, name)))) return true;
  const { gypfile, scripts = {}, dependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  if (gypfile === true || addonLoaders.some((name) => name in dependencies)) return true;
  if (['preinstall', 'install', 'postinstall'].some((name) => builds.test(scripts[name] ?? ''))) return true;
  return readdirSync(root).some((name) => name.endsWith('.node'));
}
