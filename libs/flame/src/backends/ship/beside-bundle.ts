import { basename, join, sep } from 'node:path';
import type { RunnerBundle } from '../launch/runner-bundle.js';
import type { ProductionPackage } from './production-packages.js';

/** By the absolute path of a file or of a package's folder. */
type Accepts = (path: string) => boolean;

/** What is shipped of a file of a package, by its absolute path. */
export type Part = (path: string) => 'file' | 'place' | 'nothing';

/**
 * The content of a file that is only there to be found: Node looks for a module's file before it asks for the copy in the bundle. Only a
 * thread or a process of Node that the bundle does not know of would run it.
 */
export const placeholder = Buffer.from(
  `throw new Error('this module is only in the bundle of the app: name its package in shipCode.include, or set shipCode.bundle to false');\n`,
);

/**
 * What the machine needs of the production packages if runners start from the app's bundle:
 *
 * - all files of a package that is outside of the bundle or that finds its files by its own place; the manifest of the bundle names these;
 * - of other packages in the bundle, package.json and, in the place of each module that is in the bundle, a placeholder;
 * - packages that are not in the bundle only if one of the first kind needs them.
 *
 * `preloads` are modules that are loaded before the bundle, such as `dotenv/config`.
 */
export function besideBundle(
  packages: readonly ProductionPackage[],
  { folder, manifest }: RunnerBundle,
  preloads: readonly string[],
): (one: ProductionPackage) => Part {
  const bundled = new Set(Object.keys(manifest.packages).map((path) => join(folder, path)));
  const modules = new Set(manifest.modules.map((path) => join(folder, path)));
  const byFolder = new Map(packages.map((one) => [one.folder, one]));
  const whole = new Set<string>();
  for (const one of packages) {
    const need = preloads.some((name) => `${name}/`.startsWith(`${one.name}/`))
      ? 'dependencies'
      : manifest.disk[one.manifest.name ?? one.name];
    if (need !== undefined || !isInstalled(one.folder)) whole.add(one.folder);
    if (need === undefined || one.name === 'nestjs-flame') continue;
    const isLeft = need === 'files' ? (of: string): boolean => bundled.has(of) : (): boolean => false;
    for (const needed of withNeeds(one, byFolder, isLeft)) whole.add(needed);
  }
  return ({ folder: of }) => {
    if (whole.has(of)) return () => 'file';
    if (!bundled.has(of)) return () => 'nothing';
    return (path) => (basename(path) === 'package.json' ? 'file' : !modules.has(path) ? 'nothing' : isCode(path) ? 'place' : 'file');
  };
}

/** A package with all that it needs, by folder; not those that `isLeft` accepts, and what only they need. */
function withNeeds(one: ProductionPackage, byFolder: ReadonlyMap<string, ProductionPackage>, isLeft: Accepts): Set<string> {
  const found = new Set([one.folder]);
  // A set gives what is added to it while it is walked, too.
  for (const folder of found) for (const needed of byFolder.get(folder)?.needs ?? []) if (!isLeft(needed)) found.add(needed);
  return found;
}

/** JSON may be read as a file as well. */
function isCode(path: string): boolean {
  return /\.[cm]?js$/.test(path);
}

function isInstalled(folder: string): boolean {
  return folder.includes(`${sep}node_modules${sep}`);
}
