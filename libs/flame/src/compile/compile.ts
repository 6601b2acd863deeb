import { CaptureFinder } from './captures.js';
import { digestOf } from './digest.js';
import { findCalls, type InlineCall, mayHoldCalls } from './find-calls.js';
import { Injected } from './injected.js';
import { Output } from './output.js';
import { placeOf } from './place.js';
import { type Problem, type RefusalCode, unreadable } from './refusals.js';
import { Scopes } from './scopes.js';
import { composeMap, Lines, originalPosition, readMap, type SourceMap } from './source-map.js';
import { type ClassNode, type Node, Tree } from './tree.js';
import {
  type AddedNames,
  addedNames,
  type Body,
  type Copy,
  importText,
  isCompiled,
  writeFirst,
  writeFunction,
  writeMark,
  writeMethod,
  writeProblem,
} from './write.js';

export interface CompileInput {
  /** Compiled JavaScript: no types, no `@decorators`, no JSX. */
  readonly code: string;
  /** The file's path from the root of its package, with `/`. Ids have it. */
  readonly file: string;
  readonly format: 'commonjs' | 'module';
  /** The source map of `code`, as text or as an object. */
  readonly map?: unknown;
}

/** A problem of an inline function. `start` and `end` are offsets in the given code; `formatDiagnostic` finds the place in the source. */
export interface Diagnostic {
  /** An error fails the build, because `Flame` would refuse the call. */
  readonly severity: 'error' | 'warning';
  readonly code: RefusalCode;
  readonly message: string;
  readonly fix: string;
  readonly start: number;
  readonly end: number;
}

/** An inline function that can run on a runner. */
export interface CompiledFunction {
  readonly id: string;
  readonly digest: string;
  /** The captured variables. */
  readonly names: readonly string[];
  /** The line in the source, from 1. */
  readonly line: number;
  /** Whether the call's receiver is certainly `Flame`, or has a name that suggests it. */
  readonly ofFlame: boolean;
}

export interface CompileResult {
  readonly code: string;
  /** Maps to the sources of the given map; without one, to the given code. */
  readonly map: SourceMap;
  /** The inline functions that can run on a runner, in the order of the text. */
  readonly functions: readonly CompiledFunction[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Compiles the inline functions of a file for `flame.call`, `flame.cast` and `flame.map`: marks each function in its place, and adds a copy that a
 * runner can call. Returns undefined for a file that has no such call or was compiled before.
 */
export function compile(input: CompileInput): CompileResult | undefined {
  const { code, format } = input;
  if (!mayHoldCalls(code) || isCompiled(code)) return undefined;
  const tree = readTree(code, format);
  if (tree instanceof SyntaxError) return /flame/i.test(code) ? unreadableFile(input, tree) : undefined;
  const calls = findCalls(tree);
  return calls.length > 0 ? new Compilation(input, tree, calls).result() : undefined;
}

function readTree(code: string, format: CompileInput['format']): Tree | SyntaxError {
  try {
    return new Tree(code, format);
  } catch (error) {
    if (error instanceof SyntaxError) return error;
    throw error;
  }
}

/**
 * A file that cannot be parsed is a warning, because its calls may be those of another object. If they are calls of `Flame`, it refuses their
 * functions at run time, because they have no mark.
 */
function unreadableFile({ code, file, map }: CompileInput, error: SyntaxError & { pos?: number }): CompileResult {
  const start = error.pos ?? 0;
  const text = unreadable(error.message.replace(/ \(\d+:\d+\)$/, ''));
  const diagnostic: Diagnostic = { severity: 'warning', code: 'unreadable', ...text, start, end: start + 1 };
  return { code, map: composeMap([{ text: code, from: 0 }], code, readMap(code, file, map)), functions: [], diagnostics: [diagnostic] };
}

class Compilation {
  readonly #output: Output;
  readonly #names: AddedNames;
  readonly #scopes: Scopes;
  readonly #injected: Injected;
  readonly #captures: CaptureFinder;
  readonly #inline: ReadonlySet<Node>;
  readonly #counts = new Map<string, number>();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #functions: (Omit<CompiledFunction, 'line'> & { readonly at: number })[] = [];
  /** The statements that register copies, by the body that they are written into. */
  readonly #registered = new Map<Body, string[]>();

  constructor(
    readonly input: CompileInput,
    readonly tree: Tree,
    readonly calls: readonly InlineCall[],
  ) {
    this.#output = new Output(tree.code);
    this.#names = addedNames(tree.code);
    this.#scopes = new Scopes(tree, input.format);
    this.#injected = new Injected(tree, this.#scopes);
    this.#inline = new Set(calls.map(({ run }) => run));
    this.#captures = new CaptureFinder(this.#scopes, this.#injected, this.#inline);
  }

  result(): CompileResult {
    const used = new Map([['$inline', this.#names.inline]]);
    for (const call of this.calls) {
      const added = this.#compileCall(call);
      if (added) used.set(`$${added}`, this.#names[added]);
    }
    const { program } = this.tree;
    this.#registered.set(program, [importText(this.input.format, [...used]), ...(this.#registered.get(program) ?? [])]);
    for (const [body, statements] of this.#registered) writeFirst(this.#output, this.tree, body, statements.join(' '));
    return this.#rendered();
  }

  /** Marks a function and writes its copy. Returns the function that registers the copy; undefined if the inline function is refused. */
  #compileCall({ run, receiver }: InlineCall): 'method' | 'function' | undefined {
    const place = placeOf(this.tree, run, this.input.file, this.#inline);
    const count = (this.#counts.get(place.name) ?? 0) + 1;
    this.#counts.set(place.name, count);
    const id = `${place.name}/${count}`;
    const { names, ofInstance, problems } = this.#captures.find(run, place);
    this.#report(problems, id, receiver, place.home);
    const error = problems.find(({ severity }) => severity === 'error');
    if (error) {
      writeProblem(this.#output, this.#names, run, id, `${whole(error, id)} ${error.fix}`);
      return undefined;
    }
    const digest = digestOf(this.input.file, id, ...names, this.tree.textOf(run));
    const copy = { run, id, digest, names };
    this.#functions.push({ id, digest, names, ofFlame: this.#isOfFlame(receiver, place.home), at: run.start });
    writeMark(this.#output, this.#names, copy, ofInstance ? 'this' : 'void 0');
    if (!ofInstance) return this.#addFunction(copy);
    writeMethod(this.#output, this.#names, place.home!, copy);
    return 'method';
  }

  #addFunction(copy: Copy): 'function' {
    const body = this.#scopes.outermostOf(copy.run);
    const index = this.#functions.length;
    // A function of a class is strict, but its copy may stand in a CommonJS module that is not.
    const strict = this.#scopes.isStrict(copy.run) && !this.#scopes.isStrict(body);
    const statements = this.#registered.get(body) ?? [];
    this.#registered.set(body, [...statements, writeFunction(this.#output, this.#names, body, copy, { index, strict })]);
    return 'function';
  }

  /**
   * Reports problems as they are where the receiver is certainly `Flame`, and as warnings where its name suggests it. Other calls are not
   * reported: if the receiver is `Flame` after all, it throws the problem that the mark contains.
   */
  #report(problems: readonly Problem[], id: string, receiver: Node, home: ClassNode | undefined): void {
    const certain = problems.length > 0 && this.#injected.isFlame(receiver, home);
    if (!certain && !this.#isNamedFlame(receiver)) return;
    for (const found of problems) {
      const { severity, code, fix, at } = found;
      const message = whole(found, id);
      this.#diagnostics.push({ severity: certain ? severity : 'warning', code, message, fix, start: at.start, end: at.end });
    }
  }

  #isOfFlame(receiver: Node, home: ClassNode | undefined): boolean {
    return this.#isNamedFlame(receiver) || this.#injected.isFlame(receiver, home);
  }

  #isNamedFlame(receiver: Node): boolean {
    return /flame\W*$/i.test(this.tree.textOf(receiver));
  }

  #rendered(): CompileResult {
    const { code } = this.tree;
    const chunks = this.#output.render();
    const map = readMap(code, this.input.file, this.input.map);
    const lines = new Lines(code);
    return {
      code: chunks.map(({ text }) => text).join(''),
      map: composeMap(chunks, code, map),
      functions: this.#functions.map(({ at, ...about }) => ({ ...about, line: originalPosition(map, lines.at(at)).line })),
      diagnostics: this.#diagnostics,
    };
  }
}

const whole = ({ message }: Problem, id: string): string => `The inline function ${id} ${message}.`;
