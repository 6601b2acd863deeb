import { FlameError } from './core/errors/flame-error.js';
import { version } from './core/version.js';
import { packageFolder } from './transport/grpc/package-folder.js';

/** A copy of this library that a process has loaded: which one it is, and what its subpaths export. */
interface Copy<Parts> {
  readonly path: string;
  readonly version: string;
  readonly parts: Parts;
  /** `@nestjs/core` and `@nestjs/common`, as often as they were there anew when this copy was loaded. */
  readonly nests: Map<object, object>;
}

/** The one global name of this library. In Jest each test file has globals of its own. */
const key = Symbol.for('nestjs-flame');

/**
 * Gives what the first load of this copy gave: so its classes, tokens and state are one, however often and in whatever format it is loaded.
 *
 * @throws {FlameError} FLAME_CONFIG when another copy was loaded before. Methods that one copy decorates, the modules of the other do not see.
 */
export function loadOnce<Parts>(parts: Parts, core: object, common: object, path = packageFolder() ?? bundlePath()): Parts {
  const global = globalThis as { [key]?: Copy<Parts> };
  const first = (global[key] ??= { path, version, parts, nests: new Map() });
  if (first.path === path && first.version === version) {
    first.nests.set(core, common);
    return first.parts;
  }
  throw new FlameError(
    'FLAME_CONFIG',
    `two copies of nestjs-flame are loaded in this process: version ${first.version} in ${first.path} and version ${version} in ${path}. ` +
      `A method decorated with one would not run on the pools of the other. ` +
      `Have all packages of the app resolve nestjs-flame to one folder: one version of it and of its peers (npm dedupe, pnpm dedupe), ` +
      `a peer dependency in shared packages, and in bundles either all code that uses it or none (externals).`,
  );
}

/** Each Nest with which this library was loaded. More than one where module caches are reset, as in Jest. */
export function loadedNests(): ReadonlyMap<object, object> {
  return (globalThis as { [key]?: Copy<unknown> })[key]?.nests ?? new Map<object, object>();
}

/** A bundle is a copy by itself. */
function bundlePath(): string {
  return typeof __filename === 'undefined' ? `a bundle started by ${process.argv[1]}` : __filename;
}
