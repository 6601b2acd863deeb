import { basename, join, sep } from 'node:path';
import type { RunnerBundle } from '../launch/runner-bundle.js';
import type { ProductionPackage } from './production-packages.js';

/** Whether a file of a package is shipped, by its absolute path. */
type IsNeeded = (path: string) => boolean;

/**
 * What the machine needs of the production packages if runners start from the app's bundle:
 *
 * - all files of a package that is outside of the bundle or that finds its files by its own place; the manifest of the bundle names these;
 * - of other packages in the bundle, the files that are in the bundle: Node finds the bundle's copies by their paths;
 * - packages that are not in the bundle only if one of the first kind needs them.
 *
 * `preloads` are modules that are loaded before the bundle, such as `dotenv/config`.
 */
export function besideBundle(
  packages: readonly ProductionPackage[],
  { folder, manifest }: RunnerBundle,
  preloads: readonly string[],
): (one: ProductionPackage) => IsNeeded {
  const bundled = new Set(Object.keys(manifest.packages).map((path) => join(folder, path)));
  const modules = new Set(manifest.modules.map((path) => join(folder, path)));
  const byFolder = new Map(packages.map((one) => [one.folder, one]));
  const whole = new Set<string>();
  for (const one of packages) {
    const need = preloads.some((name) => `${name}/`.startsWith(`${one.name}/`)) ? 'dependencies' : manifest.disk[one.manifest.name ?? one.name];
    if (need !== undefined || !isInstalled(one.folder)) whole.add(one.folder);
    if (need === undefined || one.name === 'nestjs-flame') continue;
    for (const needed of withNeeds(one, byFolder)) if (need === 'dependencies' || !bundled.has(needed)) whole.add(needed);
  }
  return ({ folder: of }) => {
    if (whole.has(of)) return () => true;
    if (!bundled.has(of)) return () => false;
    return (path) => basename(path) === 'package.json' || modules.has(path);
  };
}

function withNeeds(one: ProductionPackage, byFolder: ReadonlyMap<string, ProductionPackage>): Set<string> {
  const found = new Set([one.folder]);
  // A set gives what is added to it while it is walked, too.
  for (const folder of found) for (const needed of byFolder.get(folder)?.needs ?? []) found.add(needed);
  return found;
}

function isInstalled(folder: string): boolean {
  return folder.includes(`${sep}node_modules${sep}`);
}
