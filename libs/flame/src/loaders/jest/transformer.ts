import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FlameError } from '../../core/errors/flame-error.js';
import { version } from '../../core/version.js';
import { InlineCompiler } from '../inline-compiler.js';
import type { SourceMap } from '../../compile/index.js';

/** The options of `nestjs-flame/jest`, as the second entry of its pair in Jest's `transform`. */
export interface JestOptions {
  /**
   * The project's own transformer, which makes JavaScript of TypeScript, as Jest's `transform` names it: `'ts-jest'`, or a pair with its options
   * such as `['ts-jest', { tsconfig: 'tsconfig.spec.json' }]`. When left out, files are taken as they are.
   */
  readonly transform?: string | readonly [name: string, options: Readonly<Record<string, unknown>>];
}

interface Transforming {
  readonly config: { readonly rootDir: string };
  readonly configString: string;
  readonly instrument: boolean;
  readonly supportsStaticESM: boolean;
  readonly transformerConfig: unknown;
}

interface Transformed {
  readonly code: string;
  readonly map?: SourceMap | string | null;
}

interface Transformer {
  readonly canInstrument?: boolean;
  getCacheKey?(code: string, path: string, options: Transforming): string;
  getCacheKeyAsync?(code: string, path: string, options: Transforming): Promise<string>;
  process?(code: string, path: string, options: Transforming): Transformed;
  processAsync?(code: string, path: string, options: Transforming): Promise<Transformed>;
}

type Loaded = Transformer & { createTransformer?(options: unknown): Transformer | Promise<Transformer> };

/** A transformer that compiles inline functions, after the project's own transformer. */
export async function createTransformer(options: JestOptions = {}, from = process.cwd()): Promise<Transformer> {
  const [name, itsOptions = {}] = typeof options.transform === 'string' ? [options.transform] : (options.transform ?? []);
  const own = name === undefined ? asItIs : await load(name, itsOptions, from);
  const optionsOfOwn = (given: Transforming): Transforming => ({ ...given, transformerConfig: itsOptions });
  const compiler = new InlineCompiler({
    error: (text) => {
      throw new FlameError('FLAME_CONFIG', text);
    },
    warning: (text) => process.emitWarning(text, 'FlameWarning'),
  });

  const compiled = (result: Transformed, path: string, { supportsStaticESM }: Transforming): Transformed => {
    const map = typeof result.map === 'string' ? (JSON.parse(result.map) as SourceMap) : (result.map ?? undefined);
    const file = compiler.compile(path, result.code, { format: supportsStaticESM ? 'module' : 'commonjs', map });
    return file === undefined ? result : { code: file.code, map: file.map };
  };
  /** Jest keeps what a transformer made: until this version, the file, the options or the transformer behind changes. */
  const key = (ofOwn: string, path: string, { configString, instrument, supportsStaticESM }: Transforming): string =>
    createHash('sha256')
      .update(JSON.stringify([version, name, itsOptions, ofOwn, path, configString, instrument, supportsStaticESM]))
      .digest('hex')
      .slice(0, 32);

  return {
    canInstrument: own.canInstrument ?? false,
    getCacheKey: (code, path, given) => key(own.getCacheKey?.(code, path, optionsOfOwn(given)) ?? code, path, given),
    ...(own.getCacheKeyAsync && {
      getCacheKeyAsync: async (code, path, given) => key(await own.getCacheKeyAsync!(code, path, optionsOfOwn(given)), path, given),
    }),
    ...(own.process && {
      process: (code, path, given) => compiled(own.process!(code, path, optionsOfOwn(given)), path, given),
    }),
    ...(own.processAsync && {
      processAsync: async (code, path, given) => compiled(await own.processAsync!(code, path, optionsOfOwn(given)), path, given),
    }),
  };
}

const asItIs: Transformer = { process: (code) => ({ code }) };

/** Loads the project's own transformer from the project, as Jest does. */
async function load(name: string, options: object, from: string): Promise<Transformer> {
  const require = createRequire(join(from, 'package.json'));
  const module = (await loadModule(require, resolvePath(require, name, from))) as { default?: unknown };
  const loaded = (module.default ?? module) as Loaded;
  return loaded.createTransformer ? loaded.createTransformer(options) : loaded;
}

/** Node 20 does not require ES modules. */
async function loadModule(require: NodeJS.Require, path: string): Promise<unknown> {
  try {
    return require(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_REQUIRE_ESM') throw error;
    return import(pathToFileURL(path).href);
  }
}

function resolvePath(require: NodeJS.Require, name: string, from: string): string {
  try {
    return require.resolve(name);
  } catch (error) {
    throw new FlameError(
      'FLAME_CONFIG',
      `nestjs-flame/jest finds no transformer ${name} from ${from}: name one that is installed, such as { "transform": "ts-jest" }`,
      { cause: error },
    );
  }
}
