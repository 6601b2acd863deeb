import { dirname, join } from 'node:path';
import type { BuildFailure, BuildOptions, BuildResult, Metafile } from 'esbuild';
import { importPeer } from '../../core/optional-peer.js';
import type { DiskNeed } from '../../backends/launch/runner-bundle.js';
import type { PackageScope } from '../../loaders/package-scopes.js';
import { mergeNeeds } from './disk-needs.js';
import { bundlePlugin } from './bundle-plugin.js';
import type { Resolved } from './bundle-plugin.js';
import { ExternalPackages } from './external-packages.js';
import { leanCode } from './lean-code.js';
import { definitions } from './module-variables.js';
import { isInstalled, SourceFiles } from './source-files.js';

/** An app as one file. */
export interface AppBundle {
  readonly format: 'commonjs' | 'module';
  readonly code: string;
  readonly map: string;
  /** The files in it, by absolute path. */
  readonly files: readonly string[];
  /** Of these, the installed packages' folders. */
  readonly packages: ReadonlyMap<string, PackageScope>;
  /** The packages outside of it, with the reason. */
  readonly external: ReadonlyMap<string, string>;
  /** What runners may read from disk, by the names of packages. */
  readonly disk: ReadonlyMap<string, DiskNeed>;
  readonly warnings: readonly string[];
  /** The file with the `await` because of which the bundle is an ES module. */
  readonly awaits: string | undefined;
}

type Format = Pick<BuildOptions, 'format' | 'banner' | 'footer'>;
type Built = BuildResult<{ metafile: true; write: false }>;

/** The bundle cannot be made; the message has all that has to be changed. */
export class BundleError extends Error {}

/** Where the start script puts itself. */
const global = `globalThis[Symbol.for('nestjs-flame:bundle')]`;
const awaitsAtTop = /^Top-level await is currently not supported|^This require call is not allowed because/;

/**
 * Makes one file of a compiled app, with esbuild. All files and all exports stay in, and each is evaluated when Node would evaluate it.
 *
 * @throws {FlameError} FLAME_CONFIG if esbuild is not installed.
 * @throws {BundleError} for code that cannot be bundled.
 */
export class AppBundler {
  readonly #main: string;
  readonly #folder: string;
  readonly #files: SourceFiles;
  readonly #packages: ExternalPackages;
  readonly #resolved: Resolved = { outside: new Set(), onDemand: new Set() };
  #build!: <T extends BuildOptions>(options: T) => Promise<BuildResult<T>>;

  /** `folder` is where the bundle will be. */
  constructor(main: string, folder: string, external: readonly string[] = []) {
    this.#main = main;
    this.#folder = folder;
    this.#files = new SourceFiles(main, folder);
    this.#packages = new ExternalPackages(external, this.#files.scopes, main);
  }

  async bundle(): Promise<AppBundle> {
    const esbuild = await importPeer('npx nestjs-flame bundle', 'esbuild', () => import('esbuild'));
    this.#build = (options) => esbuild.build(options as never);
    let inputs = await this.#findFiles();
    while (this.#packages.addImported(this.#scopesOf(this.#resolved.outside), byName(this.#packagesOf(inputs))))
      inputs = await this.#findFiles();
    if (this.#files.errors.length > 0) throw new BundleError(this.#files.errors.join('\n\n'));
    const { awaits, code, map } = await this.#write(inputs);
    const files = Object.keys(inputs).map((path) => this.#absolute(path));
    return {
      format: awaits === undefined ? 'commonjs' : 'module',
      code,
      map,
      files,
      packages: this.#packagesOf(inputs),
      external: this.#packages.found,
      disk: this.#needsOf(files),
      warnings: this.#files.warnings,
      awaits,
    };
  }

  #needsOf(files: readonly string[]): Map<string, DiskNeed> {
    const nameOf = (file: string): string => this.#files.scopes.of(file)?.name ?? '';
    const ofFiles = files.flatMap((file) => {
      const need = this.#files.needs.get(file);
      return need === undefined ? [] : [[nameOf(file), need] as const];
    });
    const outside = [...this.#packages.found.keys(), ...this.#resolved.onDemand].map((name) => [name, 'dependencies'] as const);
    return mergeNeeds([...ofFiles, ...outside]);
  }

  /** The app's files. As ES modules, for which esbuild accepts every file. */
  async #findFiles(): Promise<Metafile['inputs']> {
    this.#resolved.outside.clear();
    const { metafile } = await this.#run(`import ${JSON.stringify(this.#main)};`, { format: 'esm' });
    return Object.fromEntries(
      Object.entries(metafile.inputs).filter(([path]) => !path.includes('flame-run-time:') && path !== 'flame-entry.js'),
    );
  }

  async #write(inputs: Metafile['inputs']): Promise<{ awaits?: string; code: string; map: string }> {
    const paths = Object.keys(inputs);
    const main = JSON.stringify(this.#main);
    try {
      const banner = `${global}.start=(function(require,__flame){`;
      const code = `__flame.register({${this.#rows(paths, 'require')}});\nrequire(${main});`;
      return finished(await this.#run(code, { format: 'cjs', banner: { js: banner }, footer: { js: '});' } }));
    } catch (error) {
      const { errors = [] } = error as BuildFailure;
      const found = errors.find(({ text }) => awaitsAtTop.test(text));
      if (!found) throw error;
      const { file, line } = found.notes?.[0]?.location ?? found.location!;
      // What may wait cannot be required.
      const [modules, others] = [true, false].map((yes) => paths.filter((path) => (inputs[path]!.format === 'esm') === yes));
      const tables = `{${this.#rows(others!, 'require')}},{${this.#rows(modules!, 'import')}}`;
      const banner = `const __flame=${global}.modules,require=__flame.require(${JSON.stringify(this.#files.placeOf(this.#main))});`;
      const code = `__flame.register(${tables});\nawait import(${main});`;
      return { awaits: `${file}:${line}`, ...finished(await this.#run(code, { format: 'esm', banner: { js: banner } })) };
    }
  }

  /** The rows of a table of modules by path. */
  #rows(paths: readonly string[], load: 'require' | 'import'): string {
    const files = paths.map((path) => this.#absolute(path));
    return files.map((file) => `${JSON.stringify(this.#files.placeOf(file))}:()=>${load}(${JSON.stringify(file)}),\n`).join('');
  }

  async #run(contents: string, options: Format): Promise<Built> {
    try {
      return await this.#build({
        stdin: { contents, resolveDir: dirname(this.#main), sourcefile: 'flame-entry.js' },
        absWorkingDir: dirname(this.#main),
        outfile: join(this.#folder, 'bundle.js'),
        bundle: true,
        write: false,
        metafile: true,
        platform: 'node',
        // Code and packages as this Node takes them, without anything that only bundlers know.
        target: 'esnext',
        conditions: ['node-addons', 'module-sync'],
        mainFields: ['main'],
        resolveExtensions: ['.js', '.json', '.node'],
        tsconfigRaw: '{}',
        treeShaking: false,
        ignoreAnnotations: true,
        // Names of classes are names of handlers.
        keepNames: true,
        define: definitions,
        sourcemap: 'external',
        sourcesContent: false,
        legalComments: 'none',
        logLevel: 'silent',
        ...options,
        plugins: [bundlePlugin(this.#files, this.#packages, this.#resolved)],
      });
    } catch (error) {
      const { errors = [] } = error as BuildFailure;
      if (errors.length === 0 || errors.some(({ text }) => awaitsAtTop.test(text))) throw error;
      throw new BundleError(
        errors.map(({ text, location }) => (location ? `${location.file}:${location.line}: ${text}` : text)).join('\n'),
      );
    }
  }

  #absolute(path: string): string {
    return join(dirname(this.#main), path);
  }

  #packagesOf(inputs: Metafile['inputs']): Map<string, PackageScope> {
    return this.#scopesOf(Object.keys(inputs).map((path) => this.#absolute(path)));
  }

  /** The installed packages of files, by folder. */
  #scopesOf(files: Iterable<string>): Map<string, PackageScope> {
    const found = new Map<string, PackageScope>();
    for (const file of files) {
      const scope = isInstalled(file) ? this.#files.scopes.of(file) : undefined;
      if (scope) found.set(scope.root, scope);
    }
    return found;
  }
}

function byName(scopes: ReadonlyMap<string, PackageScope>): Map<string, PackageScope> {
  return new Map(Array.from(scopes.values(), (scope) => [scope.name ?? '', scope]));
}

/**
 * esbuild's code, made lean. `import` of an ES module outside of the bundle gives its namespace as it is: esbuild takes whatever `require`
 * returns for the exports of a CommonJS module.
 */
function finished({ outputFiles }: Built): { code: string; map: string } {
  const text = (end: string): string => outputFiles.find(({ path }) => path.endsWith(end))!.text;
  let found = 0;
  const code = text('.js').replace(/ (__toESM\d*) = \((mod\d*), (isNodeMode\d*), (target\d*)\) => \(/, (_, name, mod, mode, target) => {
    found++;
    return ` ${name} = (${mod}, ${mode}, ${target}) => __flame.isNamespace(${mod}) ? ${mod} : (`;
  });
  if (found === 0 && code.includes('__toESM')) throw new BundleError('this version of esbuild is not supported: use 0.28');
  return { code: leanCode(code), map: text('.map') };
}
