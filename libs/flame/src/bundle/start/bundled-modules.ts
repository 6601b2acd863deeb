import { createRequire, Module } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { types } from 'node:util';

/** Loads the modules of a bundle, by the paths of their files relative to the bundle's folder. */
export type ModuleTable = Readonly<Record<string, () => unknown>>;

type Imported = Promise<unknown>;

/**
 * What the code of a bundle gets in place of Node's own module variables: each file of the bundle sees its original path, and what it
 * requires by a name that is only known when it runs is the bundle's copy, if the bundle has one.
 */
export class BundledModules {
  /** Whether a value is the namespace of an ES module, which `import` of a file outside of the bundle gives as it is. */
  readonly isNamespace = types.isModuleNamespaceObject;
  readonly #folder: string;
  /** The folders above, by the length of the path that leads to them. */
  readonly #above: string[] = [];
  readonly #table = new Map<string, () => unknown>();

  /** `folder` holds the bundle. */
  constructor(folder: string) {
    this.#folder = folder;
    this.main = undefined;
  }

  /** `require.main`, in the bundle and outside. Undefined unless the app's main file is CommonJS, which sets it. */
  get main(): NodeJS.Module | undefined {
    return (process as { mainModule?: NodeJS.Module }).mainModule;
  }

  set main(module: NodeJS.Module | undefined) {
    (process as { mainModule?: NodeJS.Module }).mainModule = module;
  }

  /**
   * Makes the bundle's modules known to `require` of files outside of the bundle, so that they get the same copies: Node looks in
   * `require.cache` before it reads a file. Modules that may await at their top level cannot be required, and are only known to `import()`
   * inside of the bundle.
   */
  register(table: ModuleTable, awaiting: ModuleTable = {}): void {
    for (const [path, load] of Object.entries(awaiting)) this.#table.set(this.file(path), load);
    const { cache } = createRequire(join(this.#folder, 'start.cjs'));
    for (const [path, load] of Object.entries(table)) {
      const file = this.file(path);
      this.#table.set(file, load);
      cache[file] = new BundledModule(file, load) as unknown as NodeJS.Module;
    }
  }

  /** The original path of a file. */
  file(path: string): string {
    // Once for each folder above: `join` would take milliseconds for all files of an app.
    const below = path.lastIndexOf('../') + 3;
    if (below < 3) return join(this.#folder, path);
    const above = (this.#above[below] ??= join(this.#folder, path.slice(0, below), sep));
    return above + (sep === '/' ? path.slice(below) : path.slice(below).replaceAll('/', sep));
  }

  /** The original folder of a file. */
  folder(path: string): string {
    return dirname(this.file(path));
  }

  /** Completes the `module` of a CommonJS file. */
  module(module: NodeJS.Module, path: string): void {
    const file = this.file(path);
    const isMain = module === this.main;
    Object.assign(module, {
      id: isMain ? '.' : file,
      path: dirname(file),
      filename: file,
      loaded: false,
      children: [],
      paths: pathsOf(dirname(file)),
      parent: isMain ? null : this.main,
      require: this.require(path),
    });
  }

  /** `require` of a CommonJS file, for names that are only known when it runs. */
  require(path: string): NodeJS.Require {
    const own = createRequire(this.file(path));
    const require = (id: string): unknown => own(id);
    return Object.assign(require, {
      resolve: own.resolve,
      cache: own.cache,
      extensions: own.extensions,
      main: this.main,
    }) as NodeJS.Require;
  }

  /** `import()` of a file, for names that are only known when it runs. */
  import(path: string): (specifier: unknown, options?: ImportCallOptions) => Imported {
    const file = this.file(path);
    return async (given, options = {}) => {
      const specifier = String(given);
      const target = localFile(specifier, file);
      const load = target === undefined ? this.#packageOf(specifier, file) : this.#table.get(target);
      if (load) return asNamespace(await load());
      if (target !== undefined) return import(pathToFileURL(target).href + suffix(specifier), options);
      try {
        return await import(specifier, options);
      } catch (error) {
        // A package that is installed only beside the importing package.
        if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
        const found = tryResolve(specifier, file);
        if (found === undefined) throw error;
        return import(pathToFileURL(found).href, options);
      }
    };
  }

  /** Imports a package, or a file by its path relative to the bundle. */
  load(specifier: string, options: ImportCallOptions = {}): Imported {
    return import(specifier.startsWith('.') ? pathToFileURL(this.file(specifier)).href : specifier, options);
  }

  /** `import.meta` of an ES module. */
  meta(path: string, main = false): object {
    const file = this.file(path);
    const resolve = (specifier: string): string => {
      const target = localFile(specifier, file);
      if (target !== undefined) return pathToFileURL(target).href;
      return /^[a-z][a-z\d+.-]+:/i.test(specifier) ? specifier : pathToFileURL(createRequire(file).resolve(specifier)).href;
    };
    return { url: pathToFileURL(file).href, filename: file, dirname: dirname(file), resolve, main };
  }

  /** Runs the body of a main file that awaits at its top level. Node ends the process if that fails; so does this. */
  run(body: () => Promise<void>): void {
    body().catch((error: unknown) => process.nextTick(() => rethrow(error)));
  }

  #packageOf(specifier: string, file: string): (() => unknown) | undefined {
    const found = tryResolve(specifier, file);
    return found === undefined ? undefined : this.#table.get(found);
  }
}

/** A module of the bundle, as `require.cache` holds it. It is evaluated when it is first asked for. */
class BundledModule {
  readonly loaded = true;
  readonly children: unknown[] = [];
  readonly #load: () => unknown;

  constructor(
    readonly filename: string,
    load: () => unknown,
  ) {
    this.#load = load;
  }

  get id(): string {
    return this.filename;
  }

  get exports(): unknown {
    return this.#load();
  }
}

function rethrow(error: unknown): never {
  throw error;
}

function pathsOf(folder: string): string[] {
  return (Module as unknown as { _nodeModulePaths(from: string): string[] })._nodeModulePaths(folder);
}

/** The file that a relative or absolute specifier or a file: URL names; undefined for packages and built-in modules. */
function localFile(specifier: string, from: string): string | undefined {
  if (specifier.startsWith('file:')) return fileURLToPath(specifier.replace(/[?#].*$/s, ''));
  return /^\.{0,2}\//.test(specifier) ? fileURLToPath(new URL(specifier.replace(/[?#].*$/s, ''), pathToFileURL(from))) : undefined;
}

function suffix(specifier: string): string {
  return /[?#].*$/s.exec(specifier)?.[0] ?? '';
}

function tryResolve(specifier: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(specifier);
  } catch {
    return undefined;
  }
}

/** What `import()` gives for the exports of a module. */
function asNamespace(exports: unknown): unknown {
  const isModule = typeof exports === 'object' && exports !== null && '__esModule' in exports;
  if (isModule || types.isModuleNamespaceObject(exports)) return exports;
  const named = typeof exports === 'object' || typeof exports === 'function' ? exports : {};
  return { ...named, default: exports };
}
