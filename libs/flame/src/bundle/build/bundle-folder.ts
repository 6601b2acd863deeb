import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { AppBuild } from '../../backends/launch/app-build.js';
import type { BundleManifest } from '../../backends/launch/runner-bundle.js';
import { withComment } from '../../loaders/source-map-comment.js';
import type { AppBundle } from './app-bundler.js';
import { isInstalled } from './source-files.js';

/** The source of the function that starts a bundle: beside the file that has this module. */
const starter = join(__dirname, 'start-bundle.js');

/** What `writeBundle` has written. */
export interface WrittenBundle {
  readonly manifest: BundleManifest;
  readonly bytes: number;
}

/**
 * Writes a bundle, its start script and its manifest to `folder`. A process that starts meanwhile gets the old bundle or the new one: the
 * name of the code has the hash of its content, and the manifest is written last.
 */
export function writeBundle(bundle: AppBundle, folder: string, main: string, build: AppBuild): WrittenBundle {
  const place = (path: string): string => relative(folder, path).split(sep).join('/');
  const name = `${hash('sha256', bundle.code).slice(0, 16)}.${bundle.format === 'module' ? 'mjs' : 'cjs'}`;
  const start = `start-${hash('sha256', readFileSync(starter)).slice(0, 8)}-${name.slice(0, 16)}.cjs`;
  const manifest: BundleManifest = {
    format: 1,
    build: build.digest,
    start,
    code: name,
    external: Object.fromEntries(bundle.external),
    packages: Object.fromEntries(Array.from(bundle.packages.keys(), (root) => [place(root), versionOf(root)])),
    disk: Object.fromEntries(bundle.disk),
    modules: bundle.files.filter(isInstalled).map(place).sort(),
    files: Object.fromEntries(
      bundle.files
        .filter((file) => !isInstalled(file) && !build.has(file))
        .map((file) => [place(file), hash('sha256', readFileSync(file))]),
    ),
  };
  mkdirSync(folder, { recursive: true });
  const options = { main: place(main), code: name };
  replace(join(folder, name), withComment(bundle.code, `${name}.map`));
  replace(join(folder, `${name}.map`), bundle.map);
  replace(join(folder, start), `${readFileSync(starter, 'utf8')}\nmodule.exports.startBundle(${JSON.stringify(options)}, module);\n`);
  replace(join(folder, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  for (const old of readdirSync(folder)) if (!isPartOf(old, manifest)) rmSync(join(folder, old), { force: true });
  return { manifest, bytes: Buffer.byteLength(bundle.code) };
}

/** Compiled code of the same bundle stays. */
function isPartOf(name: string, { start, code }: BundleManifest): boolean {
  return name === 'manifest.json' || name === start || name.startsWith(code);
}

function versionOf(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version?: string }).version ?? '';
}

function replace(path: string, text: string): void {
  const fresh = join(dirname(path), `.fresh.${process.pid}`);
  writeFileSync(fresh, text);
  renameSync(fresh, path);
}
