import { readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import type { DiskNeed } from '../../backends/launch/runner-bundle.js';
import { InlineCompiler } from '../../loaders/inline-compiler.js';
import { PackageScopes } from '../../loaders/package-scopes.js';
import { withInlineMap } from '../../loaders/source-map-comment.js';
import { diskNeedOf } from './disk-needs.js';
import { withoutTopLevelAwait } from './main-body.js';
import { withModuleVariables } from './module-variables.js';

/** A map of nothing: stacks lead to the file as it is installed. Without it, the bundle's map would be ten times as large. */
const noMap = `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from('{"version":3,"sources":[""],"mappings":"A"}').toString('base64')}`;

/** The files of an app as its bundle gets them: with inline functions compiled, and with the variables of their original places. */
export class SourceFiles {
  readonly scopes = new PackageScopes();
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  /** What files may read from disk when they run, by path. */
  readonly needs = new Map<string, DiskNeed>();
  readonly #compiler = new InlineCompiler({
    error: (text) => void this.errors.push(text),
    warning: (text) => void this.warnings.push(text),
  });
  readonly #main: string;
  readonly #folder: string;
  readonly #read = new Map<string, string>();

  /** `main` is the app's main file, `folder` the bundle's. */
  constructor(main: string, folder: string) {
    this.#main = main;
    this.#folder = folder;
  }

  /** A JavaScript file, read once. */
  read(path: string): string {
    const known = this.#read.get(path);
    if (known !== undefined) return known;
    const text = this.#prepare(path, readFileSync(path, 'utf8'));
    this.#read.set(path, text);
    return text;
  }

  /** The path of a file relative to the bundle's folder. */
  placeOf(path: string): string {
    return relative(this.#folder, path).split(sep).join('/');
  }

  /** Whether a file is of nestjs-flame itself. */
  isOfLibrary(path: string): boolean {
    return this.scopes.of(path)?.name === 'nestjs-flame';
  }

  #prepare(path: string, text: string): string {
    const isMain = path === this.#main;
    const compiled = this.#compiler.compile(path, text);
    const code = compiled ? withInlineMap(compiled.code, compiled.map) : text;
    const { type } = this.scopes.of(path) ?? {};
    const source = { path, code: isMain ? withoutTopLevelAwait(code) : code, type, place: this.placeOf(path), isMain };
    const placed = withModuleVariables(source);
    // The worker threads of this library are made from text, and its other processes are runners.
    const need = this.isOfLibrary(path) ? 'files' : diskNeedOf(code, isInstalled(path) && placed !== source.code);
    if (need !== undefined) this.needs.set(path, need);
    return placed + (isInstalled(path) ? noMap : '');
  }
}

/** Whether a file belongs to a package in `node_modules`. */
export function isInstalled(path: string): boolean {
  return path.includes(`${sep}node_modules${sep}`);
}
