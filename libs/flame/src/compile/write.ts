import type { Output } from './output.js';
import type { ClassNode, FunctionNode, InlineFunctionNode, Node, Tree } from './tree.js';

/** The names that the compiler adds to a file. None of them occurs in the file's own code. */
export interface AddedNames {
  readonly inline: string;
  readonly method: string;
  readonly function: string;
  readonly args: string;
  readonly copy: string;
}

const source = 'nestjs-flame/inline';

/** Whether the file was compiled before. */
export const isCompiled = (code: string): boolean => code.includes(source);

export function addedNames(code: string): AddedNames {
  const free = (name: string): string => {
    let found = name;
    for (let count = 2; code.includes(found); count++) found = `${name}${count}_`;
    return found;
  };
  return { inline: free('$inline'), method: free('$method'), function: free('$function'), args: free('$args'), copy: free('$copy') };
}

/** An inline function that can run on a runner. */
export interface Copy {
  readonly run: InlineFunctionNode;
  readonly id: string;
  readonly digest: string;
  readonly names: readonly string[];
}

/** Marks a function that can run on a runner, in its place. */
export function writeMark(output: Output, names: AddedNames, { run, id, digest, names: captured }: Copy, self: 'this' | 'void 0'): void {
  output.add(run.start, `${names.inline}(`);
  output.add(run.end, `, ${quote(id)}, () => [${[self, ...captured].join(', ')}], void 0, ${quote(digest)})`);
}

/** Marks a function that cannot run on a runner, with the problem. */
export function writeProblem(output: Output, names: AddedNames, run: InlineFunctionNode, id: string, problem: string): void {
  output.add(run.start, `${names.inline}(`);
  output.add(run.end, `, ${quote(id)}, void 0, ${quote(problem)})`);
}

/** Adds the copy as a method to the class. */
export function writeMethod(output: Output, names: AddedNames, home: ClassNode, copy: Copy): void {
  const { args, parameters } = parametersOf(copy, names);
  const key = `${names.method}(${quote(copy.id)}, ${quote(copy.digest)}, ${list(copy.names)})`;
  const own = copy.run.type === 'FunctionExpression';
  output.add(
    home.body.end - 1,
    `;[${key}](${parameters}) { return (`,
    copy.run,
    own ? `).call(${['this', ...args].join(', ')}); }` : `)(${args.join(', ')}); }`,
  );
}

/**
 * Adds the copy at the end of the module or namespace. It is a function declaration, so it can be registered at the beginning. Returns the
 * statement that does so.
 */
export function writeFunction(output: Output, names: AddedNames, to: Body, copy: Copy, more: { index: number; strict: boolean }): string {
  const { args, parameters } = parametersOf(copy, names);
  const name = `${names.copy}${more.index}`;
  // JavaScript allows no "use strict" in a function with a rest parameter.
  const head = more.strict ? `() { "use strict"; const [${parameters}] = arguments; ` : `(${parameters}) { `;
  output.add(statementsOf(to).at(-1)!.end, `\nfunction ${name}${head}return (`, copy.run, `)(${args.join(', ')}); }`);
  return `${names.function}(${quote(copy.id)}, ${quote(copy.digest)}, ${list(copy.names)}, ${name});`;
}

/** The import of `nestjs-flame/inline`. `used` has the names of its exports and their names in the file. */
export function importText(format: 'commonjs' | 'module', used: readonly [name: string, local: string][]): string {
  const module = format === 'module';
  const what = used.map(([name, local]) => (name === local ? name : `${name}${module ? ' as ' : ': '}${local}`)).join(', ');
  return module ? `import { ${what} } from "${source}";` : `const { ${what} } = require("${source}");`;
}

/** Adds statements to the beginning of a body, without new lines. They come after directives such as "use strict", which have to be first. */
export function writeFirst(output: Output, tree: Tree, to: Body, text: string): void {
  const [first] = statementsOf(to);
  const directive = statementsOf(to).findLast((node) => 'directive' in node && node.directive !== undefined);
  if (directive) output.add(directive.end, tree.textOf(directive).endsWith(';') ? ' ' : '; ', text);
  else output.add(first!.start, text, ' ');
}

/** A body that runs once: that of the program or of a namespace. */
export type Body = FunctionNode | Tree['program'];

const statementsOf = ({ body }: Body): readonly Node[] => (Array.isArray(body) ? body : body.type === 'BlockStatement' ? body.body : []);

/** The copy's parameters are the captured variables, and then the function's own arguments if it has parameters or can read `arguments`. */
function parametersOf({ run, names }: Copy, { args }: AddedNames): { args: string[]; parameters: string } {
  const rest = run.params.length > 0 || run.type === 'FunctionExpression' ? [`...${args}`] : [];
  return { args: rest, parameters: [...names, ...rest].join(', ') };
}

const list = (names: readonly string[]): string => `[${names.map(quote).join(', ')}]`;

const quote = (text: string): string => JSON.stringify(text);
