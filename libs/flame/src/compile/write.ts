import type { Output } from './output.js';
import type { ClassNode, FunctionNode, InlineFunctionNode, Node, Tree } from './tree.js';

/** Names of what a compiled file imports, and of what is added to it; unlike every name in the file. */
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

/** An inline function that can run elsewhere. */
export interface Copy {
  readonly run: InlineFunctionNode;
  readonly id: string;
  readonly digest: string;
  readonly names: readonly string[];
}

/** Marks a function that can run elsewhere, where it stands. */
export function writeMark(output: Output, names: AddedNames, { run, id, digest, names: captured }: Copy, self: 'this' | 'void 0'): void {
  output.add(run.start, `${names.inline}(`);
  output.add(run.end, `, ${quote(id)}, () => [${[self, ...captured].join(', ')}], void 0, ${quote(digest)})`);
}

/** Marks a function that cannot. */
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

/** Adds the copy to the end of the module or namespace, as a function that is there from the start. Returns the text that registers it. */
export function writeFunction(output: Output, names: AddedNames, to: Body, copy: Copy, more: { index: number; strict: boolean }): string {
  const { args, parameters } = parametersOf(copy, names);
  const name = `${names.copy}${more.index}`;
  // A function with a rest parameter may have no "use strict".
  const head = more.strict ? `() { "use strict"; const [${parameters}] = arguments; ` : `(${parameters}) { `;
  output.add(statementsOf(to).at(-1)!.end, `\nfunction ${name}${head}return (`, copy.run, `)(${args.join(', ')}); }`);
  return `${names.function}(${quote(copy.id)}, ${quote(copy.digest)}, ${list(copy.names)}, ${name});`;
}

/** What a file uses now, by name, with the name that it has there. */
export function importText(format: 'commonjs' | 'module', used: readonly [name: string, local: string][]): string {
  const module = format === 'module';
  const what = used.map(([name, local]) => (name === local ? name : `${name}${module ? ' as ' : ': '}${local}`)).join(', ');
  return module ? `import { ${what} } from "${source}";` : `const { ${what} } = require("${source}");`;
}

/** Adds statements before all others, without moving a line: behind directives, which have to stay the first. */
export function writeFirst(output: Output, tree: Tree, to: Body, text: string): void {
  const [first] = statementsOf(to);
  const directive = statementsOf(to).findLast((node) => 'directive' in node && node.directive !== undefined);
  if (directive) output.add(directive.end, tree.textOf(directive).endsWith(';') ? ' ' : '; ', text);
  else output.add(first!.start, text, ' ');
}

/** What runs once: the program or a namespace. */
export type Body = FunctionNode | Tree['program'];

const statementsOf = ({ body }: Body): readonly Node[] => (Array.isArray(body) ? body : body.type === 'BlockStatement' ? body.body : []);

/** The function's own arguments are passed on where it can see them. */
function parametersOf({ run, names }: Copy, { args }: AddedNames): { args: string[]; parameters: string } {
  const rest = run.params.length > 0 || run.type === 'FunctionExpression' ? [`...${args}`] : [];
  return { args: rest, parameters: [...names, ...rest].join(', ') };
}

const list = (names: readonly string[]): string => `[${names.map(quote).join(', ')}]`;

const quote = (text: string): string => JSON.stringify(text);
