import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { BuildDigest } from '../../core/manifest.js';
import { AppBuild, locateBuild } from './app-build.js';
import { KnownFiles } from './known-files.js';

/**
 * What a runner may read from disk of a package, beside the bundle: the package's files, and of its dependencies those that are not in the
 * bundle; or the package with all of its dependencies.
 */
export type DiskNeed = 'files' | 'dependencies';

/** What `npx nestjs-flame bundle` writes about a bundle. Paths are relative to its folder, with `/`. */
export interface BundleManifest {
  /** The version of this format. */
  readonly format: 1;
  /** The build from which the bundle was made. */
  readonly build: BuildDigest;
  /** The script that starts a runner. */
  readonly start: string;
  /** The app as one file. */
  readonly code: string;
  /** The packages that are not in it, with the reason. A runner needs them in `node_modules`. */
  readonly external: Readonly<Record<string, string>>;
  /** The versions of the installed packages in it, by folder. */
  readonly packages: Readonly<Record<string, string>>;
  /** What a runner may read from disk, by the names of packages; the app's own name for scripts of the app that load packages. */
  readonly disk: Readonly<Record<string, DiskNeed>>;
  /** The files of installed packages in it. */
  readonly modules: readonly string[];
  /** The hashes of other files in it that are outside of the build's folder, such as those of linked packages. */
  readonly files: Readonly<Record<string, string>>;
}

/** A bundle that a runner may be started from. */
export interface RunnerBundle {
  /** The script to start with `node`, in the place of the app's main file. */
  readonly script: string;
  readonly folder: string;
  readonly manifest: BundleManifest;
}

/** There is a bundle that must not be used. */
export interface RefusedBundle {
  /** The reason and the fix, in a sentence for the log. */
  readonly why: string;
}

/** The folder of the bundle of a build: hidden, so that it is no part of the build, and removed with it. */
export function bundleFolder(build: AppBuild): string {
  const name = relative(build.folder, join(build.root, build.digest.entry)).replaceAll(/[\\/]/g, '-');
  return join(build.folder, '.flame', name);
}

/** Whether a build has any bundle, by its main file: far cheaper than reading the build. */
export function hasBundle(script: string): boolean {
  try {
    const location = locateBuild(script);
    return location !== undefined && existsSync(join(location.folder, '.flame'));
  } catch {
    return false;
  }
}

/**
 * Finds the bundle of the app whose main file is `script`. Undefined if there is none. A bundle that was made from other files than those on
 * disk now is refused. Reads the build of the script, as `AppBuild.read` does, and the package.json of each package in the bundle; with `known` of
 * an earlier call only what has changed.
 */
export function findBundle(
  script: string,
  build = AppBuild.read(script),
  known = new KnownFiles(),
): RunnerBundle | RefusedBundle | undefined {
  if (build === undefined) return undefined;
  const folder = bundleFolder(build);
  const manifest = readManifest(folder);
  if (manifest === undefined) return undefined;
  const shown = relative(build.root, folder);
  if (manifest === 'broken' || ![manifest.start, manifest.code].every((name) => existsSync(join(folder, name))))
    return { why: `the bundle in ${shown} is incomplete: run npx nestjs-flame bundle again` };
  if (manifest.format !== 1)
    return { why: `the bundle in ${shown} was made by another version of nestjs-flame: run npx nestjs-flame bundle again` };
  if (manifest.build.digest !== build.digest.digest || manifest.build.entry !== build.digest.entry)
    return { why: `the bundle in ${shown} was made from another build: run npx nestjs-flame bundle after each build` };
  const changed = changedPackage(folder, manifest, known) ?? changedFile(folder, manifest, known);
  if (changed !== undefined) return { why: `the bundle in ${shown} was made before ${changed} changed: run npx nestjs-flame bundle again` };
  return { script: join(folder, manifest.start), folder, manifest };
}

function readManifest(folder: string): BundleManifest | 'broken' | undefined {
  const file = join(folder, 'manifest.json');
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as BundleManifest;
  } catch {
    return 'broken';
  }
}

/** A package that is not there has no other version: an image may hold only the bundle. */
function changedPackage(folder: string, { packages }: BundleManifest, known: KnownFiles): string | undefined {
  const version = (content: Buffer): string => (JSON.parse(content.toString()) as { version?: string }).version ?? '';
  const changed = Object.keys(packages).find((path) => {
    const now = known.get(join(folder, path, 'package.json'), version);
    return now !== undefined && now !== packages[path];
  });
  return changed && `the package ${changed.slice(changed.lastIndexOf('node_modules/') + 'node_modules/'.length)}`;
}

function changedFile(folder: string, { files }: BundleManifest, known: KnownFiles): string | undefined {
  const digest = (content: Buffer): string => hash('sha256', content);
  const changed = Object.keys(files).find((path) => {
    const now = known.get(join(folder, path), digest);
    return now !== undefined && now !== files[path];
  });
  return changed && join(folder, changed);
}
