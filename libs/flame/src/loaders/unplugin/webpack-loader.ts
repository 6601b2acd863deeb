import type { SourceMap } from '../../compile/index.js';
import { InlineCompiler } from '../inline-compiler.js';

interface Loading {
  readonly resourcePath: string;
  readonly _module?: { readonly type?: string };
  emitError(error: Error): void;
  emitWarning(warning: Error): void;
  callback(error: null, code: string, map: SourceMap | string | undefined): void;
}

/** A loader of webpack and rspack, behind all others. */
export function webpackLoader(this: Loading, code: string, map: SourceMap | string | undefined): void {
  const compiler = new InlineCompiler({
    error: (text) => this.emitError(new Error(text)),
    warning: (text) => this.emitWarning(new Error(text)),
  });
  const file = compiler.compile(this.resourcePath, code, {
    format: this._module?.type === 'javascript/esm' ? 'module' : 'by syntax',
    map: typeof map === 'string' ? (JSON.parse(map) as SourceMap) : map,
  });
  this.callback(null, file?.code ?? code, file ? file.map : map);
}
