import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackageScope, PackageScopes } from '../../loaders/package-scopes.js';
import { isNative } from './native-packages.js';

/** The packages that stay outside of a bundle: those that were named, and those with native addons. */
export class ExternalPackages {
  /** Why each is outside. */
  readonly found = new Map<string, 'named' | 'native addon' | 'imported by an external package'>();
  readonly #named: ReadonlySet<string>;
  readonly #scopes: PackageScopes;
  readonly #own: string | undefined;
  readonly #native = new Map<string, boolean>();

  /** `main` is the app's main file, whose own package cannot stay outside. */
  constructor(named: readonly string[], scopes: PackageScopes, main: string) {
    this.#own = scopes.of(main)?.root;
    this.#named = new Set(named);
    this.#scopes = scopes;
  }

  /** Whether the package of this file stays outside. */
  has(file: string): boolean {
    const scope = this.#scopes.of(file);
    if (scope?.name === undefined || scope.root === this.#own) return false;
    if (this.found.has(scope.name)) return true;
    const reason = this.#named.has(scope.name) ? 'named' : this.#isNative(scope) ? 'native addon' : undefined;
    if (reason) this.found.set(scope.name, reason);
    return reason !== undefined;
  }

  /**
   * Takes out the ES modules among `bundled` packages that external ES modules import, since `import` would load second copies of them.
   * `require` of an external package finds the bundle's copies. Returns whether there were any.
   */
  addImported(external: ReadonlyMap<string, PackageScope>, bundled: ReadonlyMap<string, PackageScope>): boolean {
    const before = this.found.size;
    for (const { root, type } of external.values()) {
      if (type !== 'module') continue;
      for (const name of dependenciesOf(root))
        if (bundled.get(name)?.type === 'module' && !this.found.has(name)) this.found.set(name, 'imported by an external package');
    }
    return this.found.size > before;
  }

  #isNative({ root }: PackageScope): boolean {
    // Of the app's own folders only packages can be left outside.
    const known = this.#native.get(root) ?? (root.includes('node_modules') && isNative(root));
    this.#native.set(root, known);
    return known;
  }
}

function dependenciesOf(root: string): string[] {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, object>;
  return Object.keys({ ...dependencies, ...peerDependencies });
}
