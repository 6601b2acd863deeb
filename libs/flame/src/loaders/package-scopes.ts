import { readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** What the nearest package.json says of a file. */
export interface PackageScope {
  /** Its folder. */
  readonly root: string;
  readonly name: string | undefined;
  /** What Node takes `.js` files for; undefined where package.json does not say. */
  readonly type: 'commonjs' | 'module' | undefined;
  /** Whether the package says that it needs nestjs-flame at run time. */
  readonly usesFlame: boolean;
}

interface Manifest {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly dependencies?: unknown;
  readonly peerDependencies?: unknown;
  readonly optionalDependencies?: unknown;
}

const library = 'nestjs-flame';

/** The packages that files belong to. Each package.json is read once: make a new one where they may change. */
export class PackageScopes {
  readonly #known = new Map<string, PackageScope | undefined>();

  /** The package of a file, by its absolute path; undefined for a file that belongs to none. */
  of(path: string): PackageScope | undefined {
    return this.#scopeOf(dirname(path));
  }

  /**
   * Whether the compile step looks at a file: at those of the app, and of packages in `node_modules` that depend on nestjs-flame; not at
   * this library itself.
   */
  compiles(path: string): boolean {
    const scope = this.of(path);
    if (scope?.name === library) return false;
    return !path.includes(`${sep}node_modules${sep}`) || scope?.usesFlame === true;
  }

  /** The folder of a file's package; its own folder if it belongs to none. */
  rootOf(path: string): string {
    return this.of(path)?.root ?? dirname(path);
  }

  /** The file as ids name it: relative to its package, with `/`. Ids of installed packages begin with the package's name. */
  idOf(path: string): string {
    const scope = this.of(path);
    const inPackage = relative(this.rootOf(path), path).split(sep).join('/');
    return scope?.name !== undefined && path.includes(`${sep}node_modules${sep}`) ? `${scope.name}/${inPackage}` : inPackage;
  }

  #scopeOf(folder: string): PackageScope | undefined {
    if (this.#known.has(folder)) return this.#known.get(folder);
    const above = dirname(folder);
    const outside = above === folder || folder.endsWith(`${sep}node_modules`);
    const scope = outside ? undefined : (readScope(folder) ?? this.#scopeOf(above));
    this.#known.set(folder, scope);
    return scope;
  }
}

function readScope(root: string): PackageScope | undefined {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  } catch {
    // There is none, or Node itself will say what is wrong with it.
    return undefined;
  }
  const { name, type, dependencies, peerDependencies, optionalDependencies } = manifest;
  const needed = [dependencies, peerDependencies, optionalDependencies];
  return {
    root,
    name: typeof name === 'string' ? name : undefined,
    type: type === 'module' || type === 'commonjs' ? type : undefined,
    usesFlame: needed.some((names) => typeof names === 'object' && names !== null && library in names),
  };
}
