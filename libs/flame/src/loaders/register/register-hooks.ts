import nodeModule from 'node:module';
import type { LoadFnOutput, LoadHookContext } from 'node:module';
import { fileURLToPath } from 'node:url';
import { FlameError } from '../../core/errors/flame-error.js';
import { InlineCompiler } from '../inline-compiler.js';
import type { ModuleFormat } from '../module-format.js';
import { withInlineMap } from '../source-map-comment.js';

type NextLoad = (url: string, context?: Partial<LoadHookContext>) => LoadFnOutput;
type Compile = (this: object, code: string, path: string, ...more: unknown[]) => unknown;

/** Node's own module loader. Its types have neither the method of CommonJS nor, for Node 20, the hooks of ES modules. */
interface Loader {
  readonly prototype: { _compile: Compile };
  readonly registerHooks?: (hooks: { load(url: string, context: LoadHookContext, next: NextLoad): LoadFnOutput }) => void;
}

const registered = Symbol.for('nestjs-flame:register');

/**
 * Compiles the inline functions of each file that this process loads from now on. It comes after all other loaders, which have made
 * JavaScript of it.
 *
 * CommonJS is compiled where `require` has its text: loaders such as tsx and ts-node put compiled code there. Node has no other place
 * for that; `Module.prototype._compile` is what loaders have used since Node 0.x. ES modules are compiled by `module.registerHooks`, whose
 * hooks run in reverse order of registration.
 *
 * @throws {FlameError} FLAME_CONFIG on a Node without those hooks.
 */
export function registerInlineFunctions(loader = nodeModule as unknown as Loader, process = globalThis.process): void {
  const once = globalThis as { [registered]?: boolean };
  if (once[registered]) return;
  if (loader.registerHooks === undefined) {
    throw new FlameError(
      'FLAME_CONFIG',
      `nestjs-flame/register needs Node 22.15 or later, and this is Node ${process.versions.node}. ` +
        `Compile the app's files instead, after each build: npx nestjs-flame compile dist`,
    );
  }
  once[registered] = true;
  // Runners have the parent's code, and need not say again what it said.
  const quiet = process.env['FLAME_PARENT'] !== undefined;
  const compiler = new InlineCompiler({
    error: (text) => {
      throw new FlameError('FLAME_CONFIG', text);
    },
    warning: (text) => {
      if (!quiet) process.emitWarning(text, 'FlameWarning');
    },
  });

  const compiled = (path: string, code: string, format?: ModuleFormat): string => {
    const file = compiler.compile(path, code, { format });
    return file === undefined ? code : withInlineMap(file.code, file.map);
  };

  const { _compile } = loader.prototype;
  loader.prototype._compile = function (code, path, ...more) {
    // An ES module that is required comes by both ways; what is compiled stays as it is.
    const format = more[0] === 'module' ? 'module' : 'commonjs';
    return _compile.call(this, typeof code === 'string' ? compiled(path, code, format) : code, path, ...more);
  };
  loader.registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (loaded.format !== 'module' || loaded.source == null || !url.startsWith('file:')) return loaded;
      const code = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString();
      return { ...loaded, source: compiled(fileURLToPath(url.replace(/[?#].*$/s, '')), code, 'module') };
    },
  });
}
