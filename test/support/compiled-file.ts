import { compileFunction } from 'node:vm';
import { compile, type CompileResult } from '../../libs/flame/src/compile/index.js';

type Run = (...args: unknown[]) => unknown;
interface Mark {
  readonly id: string;
  readonly captures: (() => readonly unknown[]) | undefined;
  readonly problem: string | undefined;
}

/** In the place of `nestjs-flame/inline`: what a compiled file has marked and added. */
export class InlineRecord {
  readonly marks = new Map<unknown, Mark>();
  readonly copies = new Map<string, { names: readonly string[]; run: symbol | Run }>();

  readonly $inline = (run: Run, id: string, captures?: Mark['captures'], problem?: string): Run => {
    this.marks.set(run, { id, captures, problem });
    return run;
  };

  readonly $method = (id: string, digest: string, names: readonly string[]): symbol => {
    const symbol = Symbol.for(`${id} ${digest}`);
    this.copies.set(id, { names, run: symbol });
    return symbol;
  };

  readonly $function = (id: string, _digest: string, names: readonly string[], run: Run): void => {
    this.copies.set(id, { names, run });
  };

  /** Calls the copy of a function as a runner does. */
  runCopy(run: unknown, args: unknown[]): unknown {
    const mark = this.marks.get(run);
    if (!mark) throw new Error('This function was not compiled.');
    if (!mark.captures) throw new Error(mark.problem);
    const [self, ...values] = mark.captures();
    const copy = this.copies.get(mark.id)!;
    if (values.length !== copy.names.length) throw new Error(`${values.length} values for ${copy.names.join()}`);
    return typeof copy.run === 'symbol' ? (self as Record<symbol, Run>)[copy.run]!(...values, ...args) : copy.run(...values, ...args);
  }
}

/** As `Flame`, with every call in this process. `perform` gets the inline function and what it is called with. */
export class InlineFlame {
  /** What an inline `function` has as its `this`, where nothing was compiled. */
  self?: unknown;

  constructor(readonly perform: (run: Run, args: unknown[]) => unknown) {}

  call(_pool: string, run: Run): unknown {
    return this.perform(run, []);
  }

  cast(_pool: string, run: Run): unknown {
    return this.perform(run, []);
  }

  map(_pool: string, items: Iterable<unknown>, run: Run): unknown {
    return Array.from(items, (item, index) => this.perform(run, [item, index]));
  }
}

/** A file's exports, evaluated as CommonJS. */
export function evaluate(code: string, inline: InlineRecord, modules: Record<string, object> = {}): Record<string, unknown> {
  const module = { exports: {} };
  const require = (name: string): unknown => (name === 'nestjs-flame/inline' ? inline : modules[name]);
  const run = compileFunction(code, ['module', 'exports', 'require'], { filename: 'src/file.js' });
  run.call(module.exports, module, module.exports, require);
  return module.exports;
}

/** Compiles a file that has inline calls. */
export function compiled(code: string, file = 'src/file.js', format: 'commonjs' | 'module' = 'commonjs'): CompileResult {
  const result = compile({ code, file, format });
  if (!result) throw new Error('There is nothing to compile.');
  return result;
}

/** Where modules that were made from data: URLs find what they export. */
const key = Symbol.for('nestjs-flame-test:modules');
const given = ((globalThis as { [key]?: object[] })[key] ??= []);

/** A file's exports, evaluated by Node as an ES module. It may import `modules` by their names. */
export async function evaluateModule(
  code: string,
  inline: InlineRecord,
  modules: Record<string, object> = {},
): Promise<Record<string, unknown>> {
  let linked = code;
  for (const [name, exports] of Object.entries({ ...modules, 'nestjs-flame/inline': inline }))
    linked = linked.replaceAll(new RegExp(`(["'])${name}\\1(?= with|;|$)`, 'gm'), () => `"${moduleOf(exports)}"`);
  return (await import(/* @vite-ignore */ dataUrl(linked))) as Record<string, unknown>;
}

/** The URL of a module that exports the properties of an object. */
function moduleOf(exports: object): string {
  const index = given.push(exports) - 1;
  const names = Object.keys(exports).map((name, at) => `const x${at} = exports["${name}"]; export { x${at} as "${name}" };`);
  return dataUrl([`const exports = globalThis[Symbol.for("${key.description}")][${index}];`, ...names].join('\n'));
}

const dataUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;

interface Evaluated {
  readonly format?: 'commonjs' | 'module';
  /** What the code may import, by name. ES modules find the `flame` that `run` is given in the module `app`, too. */
  readonly modules?: Record<string, object>;
  /** The compiled code. */
  readonly output?: string;
}

/** What `run(flame)`, an export of the code, gives: as it is written, compiled and in place, and with the copies in the place of the functions. */
export async function threeWays(
  code: string,
  { format = 'commonjs', modules = {}, output = compile({ code, file: 'src/file.js', format })?.code ?? code }: Evaluated = {},
): Promise<Record<'written' | 'inPlace' | 'copy', unknown>> {
  const inline = new InlineRecord();
  const written: InlineFlame = new InlineFlame((run, args) => run.apply(written.self, args));
  const inPlace: InlineFlame = new InlineFlame((run, args) => {
    const captures = inline.marks.get(run)?.captures;
    return run.apply(captures ? captures()[0] : inPlace.self, args);
  });
  const copy = new InlineFlame((run, args) => inline.runCopy(run, args));
  const runIn = async (text: string, flame: InlineFlame, record: InlineRecord): Promise<unknown> => {
    try {
      const exports =
        format === 'module' ? await evaluateModule(text, record, { app: { flame }, ...modules }) : evaluate(text, record, modules);
      return await gathered(await (exports['run'] as Run)(flame));
    } catch (error) {
      return `${error}`;
    }
  };
  return {
    written: await runIn(code, written, new InlineRecord()),
    inPlace: await runIn(output, inPlace, inline),
    copy: await runIn(output, copy, inline),
  };
}

/** What a result gives: the items of a stream. */
async function gathered(result: unknown): Promise<unknown> {
  if (Array.isArray(result)) return Promise.all(result.map(gathered));
  if (typeof result !== 'object' || result === null || !(Symbol.asyncIterator in result || Symbol.iterator in result)) return result;
  const items: unknown[] = [];
  for await (const item of result as AsyncIterable<unknown>) items.push(item);
  return items;
}
