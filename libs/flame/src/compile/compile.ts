import { findCaptures } from './captures.js';
import { digestOf } from './digest.js';
import { findCalls, type InlineCall, mayHoldCalls } from './find-calls.js';
import { Output } from './output.js';
import { placeOf } from './place.js';
import type { Problem, RefusalCode } from './refusals.js';
import { Scopes } from './scopes.js';
import { composeMap, Lines, originalPosition, readMap, type SourceMap } from './source-map.js';
import { Tree } from './tree.js';
import { type AddedNames, addedNames, isCompiled, thunk, writeFunction, writeImport, writeMark, writeMethod } from './write.js';

export interface CompileInput {
  /** Compiled JavaScript: no types, no `@decorators`, no JSX. */
  readonly code: string;
  /** The file's path from the root of its package, with `/`. Ids have it. */
  readonly file: string;
  readonly format: 'commonjs' | 'module';
  /** The source map of `code`, as text or as an object. */
  readonly map?: unknown;
}

/** What is wrong with an inline function, with offsets in the code given. `formatDiagnostic` shows it in the source. */
export interface Diagnostic {
  /** An error fails the build: the call would be refused. */
  readonly severity: 'error' | 'warning';
  readonly code: RefusalCode;
  readonly message: string;
  readonly fix: string;
  readonly start: number;
  readonly end: number;
}

export interface CompileResult {
  readonly code: string;
  /** Leads to where the map given leads; without one, to the code given. */
  readonly map: SourceMap;
  /** Those that can run elsewhere, in the order of the text. `line` is the source's, from 1. */
  readonly functions: readonly { readonly id: string; readonly digest: string; readonly names: readonly string[]; readonly line: number }[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Prepares the inline functions of a file for `flame.call`, `flame.cast` and `flame.map`: marks each where it stands, and adds a copy that a runner
 * can call. Undefined where there is nothing to do: the file has no such call, or was compiled before.
 */
export function compile(input: CompileInput): CompileResult | undefined {
  const { code, file, format } = input;
  if (!mayHoldCalls(code) || isCompiled(code)) return undefined;
  const tree = new Tree(code, format);
  const calls = findCalls(tree);
  return calls.length > 0 ? new Compilation(tree, new Scopes(tree, format), calls, file, input.map).result() : undefined;
}

class Compilation {
  readonly #output: Output;
  readonly #names: AddedNames;
  readonly #counts = new Map<string, number>();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #functions: { id: string; digest: string; names: readonly string[]; at: number }[] = [];
  readonly #used = new Map<string, string>();
  #registered = '';

  constructor(
    readonly tree: Tree,
    readonly scopes: Scopes,
    readonly calls: readonly InlineCall[],
    readonly file: string,
    readonly map: unknown,
  ) {
    this.#output = new Output(tree.code);
    this.#names = addedNames(tree.code);
  }

  result(): CompileResult {
    for (const call of this.calls) this.#compileCall(call);
    writeImport(this.#output, this.tree, [...this.#used], this.#registered);
    const { code } = this.tree;
    const chunks = this.#output.render();
    const map = readMap(code, this.file, this.map);
    const lines = new Lines(code);
    const lineOf = (at: number): number => originalPosition(map, lines.at(at)).line;
    return {
      code: chunks.map(({ text }) => text).join(''),
      map: composeMap(chunks, code, map),
      functions: this.#functions.map(({ at, ...about }) => ({ ...about, line: lineOf(at) })),
      diagnostics: this.#diagnostics,
    };
  }

  #compileCall({ run, receiver }: InlineCall): void {
    const place = placeOf(this.tree, run, this.file);
    const count = (this.#counts.get(place.name) ?? 0) + 1;
    this.#counts.set(place.name, count);
    const id = `${place.name}/${count}`;
    const { names, ofInstance, problems } = findCaptures(this.scopes, run, place);
    this.#used.set('$inline', this.#names.inline);
    const error = problems.find(({ severity }) => severity === 'error');
    if (/flame/i.test(this.tree.textOf(receiver))) this.#report(problems, id);
    if (error) return writeMark(this.#output, this.#names, run, id, `void 0, ${JSON.stringify(`${whole(error, id)} ${error.fix}`)}`);
    const digest = digestOf(this.file, id, ...names, this.tree.textOf(run));
    writeMark(this.#output, this.#names, run, id, thunk(ofInstance ? 'this' : 'void 0', names));
    const copy = { run, id, digest, names };
    if (ofInstance) {
      this.#used.set('$method', this.#names.method);
      writeMethod(this.#output, this.#names, place.home!, copy);
    } else {
      this.#used.set('$function', this.#names.function);
      this.#registered += ` ${writeFunction(this.#output, this.#names, this.tree, this.#functions.length, copy, this.#needsStrict(run))}`;
    }
    this.#functions.push({ id, digest, names, at: run.start });
  }

  /** Code of a class is strict, that of a CommonJS module may not be. */
  #needsStrict(run: InlineCall['run']): boolean {
    return this.scopes.isStrict(run) && !this.scopes.isStrict(this.tree.program);
  }

  #report(problems: readonly Problem[], id: string): void {
    for (const found of problems) {
      const { severity, code, fix, at } = found;
      this.#diagnostics.push({ severity, code, message: whole(found, id), fix, start: at.start, end: at.end });
    }
  }
}

const whole = ({ message }: Problem, id: string): string => `The inline function ${id} ${message}.`;
