import { isAbsolute } from 'node:path';
import type { SourceMap } from '../../compile/index.js';
import { InlineCompiler } from '../inline-compiler.js';

interface Transforming {
  error(error: { message: string }): never;
  warn(warning: { message: string }): void;
}

/** A plugin of Vite, Vitest, Rollup and Rolldown. */
export interface RollupPlugin {
  readonly name: string;
  /** Vite's order: after its own transform. */
  readonly enforce: 'post';
  /** Called by the bundler for each module. */
  transform(this: Transforming, code: string, id: string): { code: string; map: SourceMap } | undefined;
}

/** Vite compiles TypeScript before this plugin; Rollup and Rolldown have to be given JavaScript. */
export function rollupPlugin(): RollupPlugin {
  return {
    name: 'nestjs-flame',
    enforce: 'post',
    transform(code, id) {
      // Vite's ids may have a query; those of modules that are no files are no paths.
      const path = id.replace(/[?#].*$/s, '');
      if (!isAbsolute(path)) return undefined;
      const compiler = new InlineCompiler({
        error: (message) => this.error({ message }),
        warning: (message) => this.warn({ message }),
      });
      const file = compiler.compile(path, code, { format: 'module' });
      return file && { code: file.code, map: file.map };
    },
  };
}
