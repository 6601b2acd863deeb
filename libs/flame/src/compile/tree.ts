import { type AnyNode, parse } from 'acorn';

/** A node of the syntax tree, with its offsets in the text. */
export type Node = AnyNode;
export type FunctionNode = Extract<Node, { type: 'ArrowFunctionExpression' | 'FunctionExpression' | 'FunctionDeclaration' }>;
export type InlineFunctionNode = Extract<Node, { type: 'ArrowFunctionExpression' | 'FunctionExpression' }>;
export type ClassNode = Extract<Node, { type: 'ClassDeclaration' | 'ClassExpression' }>;

/** The syntax tree of a file, with the parent of each node. */
export class Tree {
  readonly program: Extract<Node, { type: 'Program' }>;
  /** Every node of the file, parents first, in the order of the text. */
  readonly nodes: Node[] = [];
  readonly #parents = new Map<Node, Node>();
  /** The part of `nodes` that has a node and its descendants: from the index `start`, which is the node's, to before `end`. */
  readonly #spans = new Map<Node, { start: number; end: number }>();

  /** @throws {SyntaxError} for code that acorn cannot parse, such as JSX, types and `@decorators`, which other compilers have to compile before */
  constructor(
    readonly code: string,
    format: 'commonjs' | 'module',
  ) {
    // eslint-scope reads `range`.
    this.program = parse(code, { ecmaVersion: 'latest', sourceType: format, ranges: true });
    this.#add(this.program);
  }

  #add(node: Node): void {
    const span = { start: this.nodes.length, end: 0 };
    this.#spans.set(node, span);
    this.nodes.push(node);
    for (const child of childrenOf(node)) {
      this.#parents.set(child, node);
      this.#add(child);
    }
    span.end = this.nodes.length;
  }

  /** `node` and its descendants, parents first, without the descendants of nodes for which `into` returns false. */
  *below(node: Node, into: (node: Node) => boolean = () => true): Generator<Node> {
    const { start, end } = this.#spans.get(node)!;
    for (let index = start; index < end;) {
      const here = this.nodes[index]!;
      yield here;
      index = into(here) ? index + 1 : this.#spans.get(here)!.end;
    }
  }

  /** Undefined for the program itself. */
  parentOf(node: Node): Node | undefined {
    return this.#parents.get(node);
  }

  /** Nodes from the parent upwards. */
  *ancestors(node: Node): Generator<Node> {
    for (let above = this.#parents.get(node); above; above = this.#parents.get(above)) yield above;
  }

  ancestorOf(node: Node, fits: (node: Node) => boolean): Node | undefined {
    for (const above of this.ancestors(node)) if (fits(above)) return above;
    return undefined;
  }

  /** The node whose statements include a declaration: the program, a function, or another statement with a block. */
  blockOf(declaration: Node): Node | undefined {
    let above = this.parentOf(declaration);
    if (above?.type === 'ExportNamedDeclaration' || above?.type === 'ExportDefaultDeclaration') above = this.parentOf(above);
    return above?.type === 'BlockStatement' ? this.parentOf(above) : above;
  }

  textOf({ start, end }: { start: number; end: number }): string {
    return this.code.slice(start, end);
  }
}

/** The nodes directly below, in the order of the text. */
function childrenOf(node: Node): Node[] {
  const found: Node[] = [];
  for (const value of Object.values(node) as unknown[]) {
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) add(found, value);
    else for (const item of value) add(found, item);
  }
  return found;
}

function add(found: Node[], value: unknown): void {
  // In `{ a }` one node is both the key and the value.
  if (isNode(value) && value !== found.at(-1)) found.push(value);
}

export const isClass = (node: Node): node is ClassNode => node.type === 'ClassDeclaration' || node.type === 'ClassExpression';

export const isInlineFunction = (node: Node | undefined | null): node is InlineFunctionNode =>
  node?.type === 'ArrowFunctionExpression' || node?.type === 'FunctionExpression';

/** A function with a `this` of its own. */
export const hasOwnThis = (node: Node): boolean => node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration';

export const isFunction = (node: Node): node is FunctionNode => hasOwnThis(node) || node.type === 'ArrowFunctionExpression';

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' && value !== null && typeof (value as Node).type === 'string' && typeof (value as Node).start === 'number'
  );
}
