import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { mayHoldCalls } from '../compile/find-calls.js';
import { compile, formatDiagnostic } from '../compile/index.js';
import type { CompileInput, CompileResult, SourceMap } from '../compile/index.js';
import { formatBySyntax, moduleFormat } from './module-format.js';
import type { ModuleFormat } from './module-format.js';
import { PackageScopes } from './package-scopes.js';
import { readSourceMap } from './source-map-comment.js';
import type { CommentedCode } from './source-map-comment.js';

/** What a caller knows of a file besides its code. */
export interface Known {
  /** How the code will run. When left out, the file's name and package tell it, as they tell Node. */
  readonly format?: ModuleFormat | 'by syntax';
  /** The code's map, where it is not in the comment at its end. */
  readonly map?: SourceMap;
}

/** Gets what the compiler finds, each as a text for people: file, line and column, the code, and the fix. */
export interface Report {
  /** A function that cannot run elsewhere. May throw. */
  error(text: string): void;
  warning(text: string): void;
}

/** A file with inline functions. */
export interface CompiledFile {
  /** Without a comment that names a map. */
  readonly code: string;
  readonly map: SourceMap;
  readonly functions: CompileResult['functions'];
  /** The comment that the code had, and the map that it named. */
  readonly before: CommentedCode;
}

/** Compiles the inline functions of files, for every way of switching the compile step on. */
export class InlineCompiler {
  readonly #scopes = new PackageScopes();
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  /** The compiled file; undefined where nothing is to be compiled: most files, which costs a search of their text. */
  compile(path: string, code: string, known: Known = {}): CompiledFile | undefined {
    if (!mayHoldCalls(code) || !this.#scopes.compiles(path)) return undefined;
    const before = readSourceMap(code, path);
    const input: CompileInput = {
      code: before.code,
      file: this.#scopes.idOf(path),
      format: this.#formatOf(path, before.code, known.format),
      map: known.map ?? before.map,
    };
    const result = compile(input);
    if (result === undefined) return undefined;
    const readSource = (source: string): string | undefined => read(resolve(this.#scopes.rootOf(path), source));
    for (const diagnostic of result.diagnostics) this.#report[diagnostic.severity](formatDiagnostic(diagnostic, input, readSource));
    // What cannot be read stays as it is, and so does its map.
    return result.code === input.code ? undefined : { code: result.code, map: result.map, functions: result.functions, before };
  }

  #formatOf(path: string, code: string, known: Known['format']): ModuleFormat {
    if (known === 'by syntax') return formatBySyntax(code);
    return known ?? moduleFormat(path, code, this.#scopes.of(path)?.type);
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
