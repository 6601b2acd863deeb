import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { badOption } from '../../core/options/option-reader.js';
import type { BuildLocation } from '../launch/app-build.js';
import type { RunnerBundle } from '../launch/runner-bundle.js';
import { besideBundle, placeholder } from './beside-bundle.js';
import type { Part } from './beside-bundle.js';
import { FilePatterns } from './file-patterns.js';
import { commonFolder, productionPackages } from './production-packages.js';
import type { ProductionPackage } from './production-packages.js';
import type { ShipConfig } from './ship-options.js';

/** A file of the app. */
export interface AppFile {
  readonly bytes: number;
  readonly executable: boolean;
  /** What is shipped in the place of the file's own content. */
  readonly content?: Buffer;
  /** The package that it belongs to; undefined for `paths`. */
  readonly of: ProductionPackage | undefined;
}

/** What a runner needs of the app, by absolute paths. */
export interface AppFiles {
  /** The folder that contains all files and links. */
  readonly root: string;
  readonly files: ReadonlyMap<string, AppFile>;
  /** Symbolic links and their absolute targets. */
  readonly links: ReadonlyMap<string, string>;
}

/** Files of dependencies that Node does not load: declarations, source maps, and TypeScript, of which it takes none in `node_modules`. */
function isNotLoaded(path: string): boolean {
  return /\.d\.[cm]?ts$|\.map$/.test(path) || (/\.[cm]?tsx?$/.test(path) && path.includes(`${sep}node_modules${sep}`));
}

/** What runners of an app start with. */
export interface AppStart {
  /** Modules that are loaded before the main file: absolute paths and names of packages. */
  readonly preloads: readonly string[];
  /** The bundle that takes the main file's place. */
  readonly bundle?: RunnerBundle | undefined;
}

/**
 * Lists what a runner needs: the build, package.json, the production dependencies, `paths`, and the files of the app among `preloads`; with
 * a bundle the bundle, and only what it needs of the dependencies. `option` is the option's path, for errors.
 *
 * @throws {FlameError} FLAME_CONFIG if something that is to be shipped is missing, or a link leads out of what is shipped.
 */
export function listAppFiles(build: BuildLocation, config: ShipConfig, option: string, { preloads, bundle }: AppStart): AppFiles {
  const walk = new FolderWalk(build.root, config);
  const { links } = walk;
  walk.add(join(build.root, 'package.json'), undefined);
  for (const path of preloads)
    if (path.startsWith(join(build.root, sep)) && !path.includes(`${sep}node_modules${sep}`)) walk.add(path, undefined);
  const ofPackages = new Map<string, string>();
  const production = productionPackages(build.root, ofPackages);
  const [app, ...packages] = production;
  const partOf = bundle && besideBundle(production, bundle, preloads);
  walk.addFolder(build.folder, (name, folder) => name !== 'node_modules' && !(folder && name.startsWith('.')), app);
  for (const one of packages) {
    const bundled = one.manifest.bundleDependencies ?? one.manifest.bundledDependencies;
    const keepsModules = bundled === true || (Array.isArray(bundled) && bundled.length > 0);
    walk.addFolder(one.folder, (name) => keepsModules || name !== 'node_modules', one, partOf?.(one));
    // Prisma generates its client beside its package.
    const generated = join(one.folder, '../../.prisma');
    if (one.name === '@prisma/client' && lstatSync(generated, { throwIfNoEntry: false })) walk.addFolder(generated, () => true, one);
  }
  config.paths.forEach((path, index) => {
    const full = resolve(build.root, path);
    const where = `${option}.paths[${index}]`;
    if (!lstatSync(full, { throwIfNoEntry: false })) {
      throw badOption(where, `is "${path}", and there is no ${full}`, 'Pass a path relative to the folder of package.json.');
    }
    walk.addFolder(full, () => true, undefined);
  });
  // Code that V8 compiled fits one machine's Node.
  if (bundle) for (const name of [bundle.manifest.start, bundle.manifest.code]) walk.add(join(bundle.folder, name), undefined);
  if (bundle) walk.add(join(bundle.folder, `${bundle.manifest.code}.map`), undefined, 'nothing');
  for (const [path, target] of ofPackages) if (!bundle || walk.hasBelow(target)) links.set(path, target);
  const root = commonFolder([build.root, ...Array.from(walk.files.keys(), dirname), ...Array.from(links.keys(), dirname)]);
  if (dirname(root) === root) {
    throw badOption(
      option,
      `would ship all of ${root}: the app in ${build.root} and its files have no folder in common`,
      'Keep shipCode.paths within the project.',
    );
  }
  refuseLeavingLinks(walk.files, links, root, option);
  return { root, files: walk.files, links };
}

/** Collects files, and the links among them. */
class FolderWalk {
  readonly files = new Map<string, AppFile>();
  readonly links = new Map<string, string>();
  readonly #app: string;
  readonly #include: FilePatterns;
  readonly #exclude: FilePatterns;

  constructor(app: string, { include, exclude }: ShipConfig) {
    this.#app = app;
    this.#include = new FilePatterns(include);
    this.#exclude = new FilePatterns(exclude);
  }

  /** Adds the files below a folder whose names, and those of the folders on the way, `wanted` accepts. `path` may be a file, too. */
  addFolder(
    path: string,
    wanted: (name: string, folder: boolean) => boolean,
    of: ProductionPackage | undefined,
    partOf: Part = () => 'file',
  ): void {
    const own = ownFiles(of);
    const folders = statSync(path).isDirectory() ? [path] : [];
    if (folders.length === 0) this.add(path, of);
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const full = join(folder, entry.name);
        const directory = entry.isDirectory();
        if (!wanted(entry.name, directory)) continue;
        if (directory) folders.push(full);
        else if (own(posix(relative(path, full)))) this.add(full, of, partOf(full));
      }
    }
  }

  /** Adds one file or link, or what is shipped of it. What `include` names is shipped as it is. */
  add(path: string, of: ProductionPackage | undefined, part: ReturnType<Part> = 'file'): void {
    if (this.files.has(path)) return;
    const name = posix(relative(this.#app, path));
    // In a monorepo dependencies are above the app's folder. A pattern for `node_modules` is meant for them, too.
    const names = [name, name.replace(/^(?:\.\.\/)+/, '')];
    const dependency = of !== undefined && of.folder !== this.#app;
    const leftOut = this.#exclude.matches(...names) || (dependency && isNotLoaded(path) && of.name !== 'typescript');
    const asItIs = (part === 'file' && !leftOut) || this.#include.matches(...names);
    if (!asItIs && (part !== 'place' || leftOut)) return;
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) this.links.set(path, resolve(dirname(path), readlinkSync(path)));
    else if (!stat.isFile()) return;
    else if (!asItIs) this.files.set(path, { bytes: placeholder.length, executable: false, of, content: placeholder });
    else this.files.set(path, { bytes: stat.size, executable: (stat.mode & 0o100) !== 0, of });
  }

  /** Whether anything of a folder was added. */
  hasBelow(folder: string): boolean {
    return Array.from(this.files.keys()).some((path) => path.startsWith(join(folder, sep)));
  }
}

/** A package of the workspace consists of what it would publish, and of nothing hidden. Others were published already. */
function ownFiles(one: ProductionPackage | undefined): (path: string) => boolean {
  const files = one?.manifest.files;
  if (one === undefined || one.folder.includes(`${sep}node_modules${sep}`)) return () => true;
  const visible = (path: string): boolean => !path.split('/').some((name) => name.startsWith('.'));
  if (files === undefined) return visible;
  const published = new FilePatterns(['package.json', ...files]);
  return (path) => visible(path) && published.matches(path);
}

function refuseLeavingLinks(files: ReadonlyMap<string, AppFile>, links: ReadonlyMap<string, string>, root: string, option: string): void {
  const folders = new Set<string>();
  for (const path of [...files.keys(), ...links.keys()]) {
    for (let at = dirname(path); at.length >= root.length && !folders.has(at); at = dirname(at)) folders.add(at);
  }
  for (const [path, target] of links) {
    if (files.has(target) || links.has(target) || folders.has(target)) continue;
    throw badOption(
      option,
      `cannot ship ${path}: it is a symbolic link to ${target}, which is not shipped`,
      `Add the target to shipCode.paths, or the link to shipCode.exclude (${basename(path)}).`,
    );
  }
}

export function posix(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}
