import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { packageFolder } from '../../system/package-folder.js';

/** The two builds of many packages, for ES modules and for CommonJS. Each has its own copies of the classes. */
export type Build = 'import' | 'require';

/** Functions that resolve the app's packages: from its entry, its folder, and this package. */
function requires(): NodeJS.Require[] {
  const places = [entry(), join(process.cwd(), 'package.json'), join(packageFolder() ?? process.cwd(), 'package.json')];
  return places.flatMap((place) => (place === undefined ? [] : [createRequire(place)]));
}

/** The CommonJS modules of this process, by file. */
export function loadedModules(): NodeJS.Dict<NodeJS.Module> {
  return createRequire(join(process.cwd(), 'package.json')).cache;
}

function entry(): string | undefined {
  try {
    return realpathSync(process.argv[1]!);
  } catch {
    return undefined;
  }
}

/** The file of a package's build; undefined if the package is not installed or has no such build. */
export function packageFile(name: string, build: Build): string | undefined {
  for (const require of requires()) {
    try {
      const file = require.resolve(name);
      return build === 'require' ? file : importFile(require, name, file);
    } catch {
      // The package cannot be resolved from this place.
    }
  }
  return undefined;
}

/** The exports of a package of the app; undefined if it is not installed, or if this Node cannot load that build synchronously. */
export function packageOf(name: string, build: Build = 'require'): Record<string, unknown> | undefined {
  const file = packageFile(name, build);
  if (file === undefined) return undefined;
  try {
    return createRequire(file)(file) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Whether the app has loaded the package's CommonJS build. */
export function isRequired(name: string): boolean {
  const file = packageFile(name, 'require');
  return file !== undefined && loadedModules()[file] !== undefined;
}

function importFile(require: NodeJS.Require, name: string, file: string): string | undefined {
  const folder = `${sep}node_modules${sep}${name.replaceAll('/', sep)}${sep}`;
  const root = file.slice(0, file.lastIndexOf(folder) + folder.length);
  const { exports } = require(join(root, 'package.json')) as { exports?: Conditions };
  const target = importTarget(exports?.['.'] ?? exports);
  const found = target === undefined ? undefined : join(root, target);
  return found === file ? undefined : found;
}

interface Conditions {
  readonly [condition: string]: string | Conditions;
}

function importTarget(conditions: string | Conditions | undefined): string | undefined {
  if (conditions === undefined || typeof conditions === 'string') return conditions;
  for (const condition of ['node', 'import', 'default']) {
    const target = conditions[condition];
    if (target !== undefined) return importTarget(target);
  }
  return undefined;
}
