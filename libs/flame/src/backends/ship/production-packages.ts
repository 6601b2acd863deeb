import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A package that the app needs in production. */
export interface ProductionPackage {
  /** Its real path. */
  readonly folder: string;
  readonly name: string;
  readonly manifest: PackageManifest;
  /** True if the package that needs it works without. */
  readonly optional: boolean;
  /** The package that needs its native addons: another one if this package only holds them for one platform. */
  readonly addonsOf: string;
  /** The folders of the packages that it needs. */
  readonly needs: ReadonlySet<string>;
}

/** The fields of package.json that matter here. */
export interface PackageManifest {
  readonly name?: string;
  readonly files?: readonly string[];
  readonly os?: unknown;
  readonly cpu?: unknown;
  readonly dependencies?: Names;
  readonly devDependencies?: Names;
  readonly optionalDependencies?: Names;
  readonly peerDependencies?: Names;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean } | undefined>>;
  readonly bundleDependencies?: readonly string[] | boolean;
  readonly bundledDependencies?: readonly string[] | boolean;
}

type Names = Readonly<Record<string, unknown>>;

/** A package, as another one needs it. */
interface Need {
  readonly name: string;
  readonly by: Pick<ProductionPackage, 'folder' | 'name'>;
  readonly optional: boolean;
  /** It is listed in `optionalDependencies`. */
  readonly forPlatform: boolean;
}

/**
 * Finds the packages that an app needs in production, as Node resolves them from each package: its `dependencies`, `optionalDependencies`
 * and installed peers. An optional peer that is only one of the app's development dependencies does not count. Returns the app first.
 *
 * `links` gets the symbolic links on the way, such as those of workspaces: real folder of the link and its name, and the absolute target.
 */
export function productionPackages(app: string, links: Map<string, string>): ProductionPackage[] {
  const development = onlyForDevelopment(app);
  const manifest = readManifest(app);
  const name = manifest.name ?? 'the app';
  const found = new Map<string, ProductionPackage>();
  // What is needed in any case comes first. So a package counts as optional only if nothing needs it in any case.
  const certain: Need[] = [];
  const optional: Need[] = [];
  const needed = new Map<string, Set<string>>();
  const add = (given: Omit<ProductionPackage, 'needs'>): void => {
    const folders = new Set<string>();
    const one = { ...given, needs: folders };
    needed.set(one.folder, folders);
    found.set(one.folder, one);
    for (const need of needs(one, development)) (need.optional ? optional : certain).push(need);
  };
  add({ folder: app, name, manifest, optional: false, addonsOf: name });
  for (let need = certain.pop() ?? optional.pop(); need !== undefined; need = certain.pop() ?? optional.pop()) {
    const folder = findPackage(need.name, need.by.folder, links);
    if (folder === undefined) continue;
    needed.get(need.by.folder)!.add(folder);
    if (found.has(folder)) continue;
    const read = readManifest(folder);
    const ofPlatform = need.forPlatform && (read.os !== undefined || read.cpu !== undefined);
    if (need.forPlatform && !ofPlatform && !need.optional) optional.push({ ...need, optional: true });
    else add({ folder, name: need.name, manifest: read, optional: need.optional, addonsOf: ofPlatform ? need.by.name : need.name });
  }
  return [...found.values()];
}

function needs(by: ProductionPackage, development: ReadonlySet<string>): Need[] {
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = by.manifest;
  const optionalPeer = (name: string): boolean => peerDependenciesMeta[name]?.optional === true;
  const need = (name: string, optional: boolean, forPlatform = false): Need => ({
    name,
    by,
    optional: by.optional || optional,
    forPlatform,
  });
  return [
    ...Object.keys(dependencies)
      .filter((name) => !(name in optionalDependencies))
      .map((name) => need(name, false)),
    ...Object.keys(optionalDependencies).map((name) => need(name, false, true)),
    ...Object.keys(peerDependencies)
      .filter((name) => !optionalPeer(name) || !development.has(name))
      .map((name) => need(name, optionalPeer(name))),
  ];
}

/** Looks for a package as Node does: in the `node_modules` of the folder and of the folders above. Returns its real folder. */
function findPackage(name: string, from: string, links: Map<string, string>): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const folder = realFolder(at, ['node_modules', ...name.split('/')], links);
    if (folder !== undefined && exists(join(folder, 'package.json'))) return folder;
    if (dirname(at) === at) return undefined;
  }
}

/** Follows `names` from a real folder. Notes the links on the way, if there is something at the end. */
function realFolder(from: string, names: readonly string[], links: Map<string, string>): string | undefined {
  const met = new Map<string, string>();
  let at = from;
  const left = [...names];
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    const path = join(at, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink()) {
      at = path;
      continue;
    }
    if (met.has(path)) return undefined;
    const target = resolve(at, readlinkSync(path));
    met.set(path, target);
    const common = commonFolder([at, target]);
    left.unshift(...target.slice(common.length).split(/[\\/]/).filter(Boolean));
    at = common;
  }
  for (const [path, target] of met) links.set(path, target);
  return at;
}

/** The deepest folder that contains all these absolute paths. */
export function commonFolder(paths: Iterable<string>): string {
  let common: string | undefined;
  for (const path of paths) {
    common ??= path;
    while (path !== common && !path.startsWith(common.endsWith('/') || common.endsWith('\\') ? common : join(common, '/')))
      common = dirname(common);
  }
  return common ?? '/';
}

/** The packages that the app or a workspace around it lists for development, and nowhere for production. */
function onlyForDevelopment(app: string): Set<string> {
  const manifests: PackageManifest[] = [];
  for (let at = app; ; at = dirname(at)) {
    if (exists(join(at, 'package.json'))) manifests.push(readManifest(at));
    if (dirname(at) === at) break;
  }
  const names = new Set(manifests.flatMap(({ devDependencies = {} }) => Object.keys(devDependencies)));
  for (const { dependencies, optionalDependencies, peerDependencies } of manifests) {
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) names.delete(name);
  }
  return names;
}

export function readManifest(folder: string): PackageManifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageManifest;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
