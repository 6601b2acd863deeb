import { FlameError } from './core/errors/flame-error.js';
import { version } from './core/version.js';
import { packageFolder } from './system/package-folder.js';

/** A copy of this library that a process has loaded. */
interface Copy<Modules> {
  readonly path: string;
  readonly version: string;
  /** The copy's modules: exports by path, evaluated at first use. The files of subpaths add their exports. */
  readonly modules: Modules;
  /** `@nestjs/core` of each load, with its `@nestjs/common`. */
  readonly nests: Map<object, object>;
}

/** The one global name of this library. In Jest each test file has globals of its own. */
const key = Symbol.for('nestjs-flame');

/**
 * Returns the modules of the first load of this copy. So classes, tokens and state exist once, however often and in whatever format the
 * copy is loaded.
 *
 * @throws {FlameError} FLAME_CONFIG when another copy was loaded before. The modules of one copy do not see methods that the other copy has
 * decorated.
 */
export function loadOnce<Modules>(modules: Modules, core: object, common: object, path = packageFolder() ?? bundlePath()): Modules {
  const global = globalThis as { [key]?: Copy<Modules> };
  const first = (global[key] ??= { path, version, modules, nests: new Map() });
  if (first.path === path && first.version === version) {
    first.nests.set(core, common);
    return first.modules;
  }
  throw new FlameError(
    'FLAME_CONFIG',
    `this process has loaded two copies of nestjs-flame: version ${first.version} in ${first.path} and version ${version} in ${path}. ` +
      `A method decorated with one would not run on the pools of the other. ` +
      `Make all packages of the app resolve nestjs-flame to one folder: use one version of it and of its peers (npm dedupe, pnpm dedupe), ` +
      `declare it as a peer dependency in shared packages, and bundle either all code that uses it or none (externals).`,
  );
}

/** Each Nest with which this library was loaded. There are several if module caches are reset, as in Jest. */
export function loadedNests(): ReadonlyMap<object, object> {
  return (globalThis as { [key]?: Copy<unknown> })[key]?.nests ?? new Map<object, object>();
}

/** The path of a bundle that contains this library. Such a bundle is a copy of its own. */
function bundlePath(): string {
  return typeof __filename === 'undefined' ? `a bundle started by ${process.argv[1]}` : __filename;
}
