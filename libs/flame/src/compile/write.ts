import type { Output, Piece } from './output.js';
import type { ClassNode, InlineFunctionNode, Tree } from './tree.js';

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

/** Marks the function where it stands. */
export function writeMark(output: Output, names: AddedNames, run: InlineFunctionNode, id: string, captures: string): void {
  output.add(run.start, `${names.inline}(`);
  output.add(run.end, `, ${quote(id)}, ${captures})`);
}

export const thunk = (self: 'this' | 'void 0', captured: readonly string[]): string => `() => [${[self, ...captured].join(', ')}]`;

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

/** Adds the copy to the end of the module, as a function that is there from the start. Returns the text that registers it. */
export function writeFunction(output: Output, names: AddedNames, tree: Tree, index: number, copy: Copy, strict: boolean): string {
  const { args, parameters } = parametersOf(copy, names);
  const name = `${names.copy}${index}`;
  const head = strict ? `() { "use strict"; const [${parameters}] = arguments; ` : `(${parameters}) { `;
  output.add(tree.program.body.at(-1)!.end, `\nfunction ${name}${head}return (`, copy.run, `)(${args.join(', ')}); }`);
  return `${names.function}(${quote(copy.id)}, ${quote(copy.digest)}, ${list(copy.names)}, ${name});`;
}

/** Imports what the file uses now, and registers its functions, on the first line that is free for it: no line moves. */
export function writeImport(output: Output, tree: Tree, used: readonly [name: string, local: string][], registered: string): void {
  const module = tree.program.sourceType === 'module';
  const what = used.map(([name, local]) => (name === local ? name : `${name}${module ? ' as ' : ': '}${local}`)).join(', ');
  const text = module ? `import { ${what} } from "${source}";` : `const { ${what} } = require("${source}");`;
  const directive = tree.program.body.findLast((node) => 'directive' in node && node.directive !== undefined);
  if (!directive) return output.add(tree.program.body[0]!.start, `${text}${registered} `);
  const separator = tree.textOf(directive).endsWith(';') ? ' ' : '; ';
  output.add(directive.end, `${separator}${text}${registered}`);
}

/** The function's own arguments are passed on where it can see them. */
function parametersOf({ run, names }: Copy, { args }: AddedNames): { args: string[]; parameters: string } {
  const rest = run.params.length > 0 || run.type === 'FunctionExpression' ? [`...${args}`] : [];
  return { args: rest, parameters: [...names, ...rest].join(', ') };
}

const list = (names: readonly string[]): string => `[${names.map(quote).join(', ')}]`;

const quote = (text: string): string => JSON.stringify(text);

export type { Piece };
