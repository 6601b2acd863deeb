import { type AnyNode, parse } from 'acorn';

/** A node of the syntax tree, with its offsets in the text. */
export type Node = AnyNode;
export type FunctionNode = Extract<Node, { type: 'ArrowFunctionExpression' | 'FunctionExpression' | 'FunctionDeclaration' }>;
export type InlineFunctionNode = Extract<Node, { type: 'ArrowFunctionExpression' | 'FunctionExpression' }>;
export type ClassNode = Extract<Node, { type: 'ClassDeclaration' | 'ClassExpression' }>;

/** A file's syntax, with the way from each node to its parent. */
export class Tree {
  readonly program: Extract<Node, { type: 'Program' }>;
  readonly #parents = new Map<Node, Node>();

  /** @throws {SyntaxError} if acorn cannot read it: JSX, types and `@decorators` are for other compilers, which run before. */
  constructor(
    readonly code: string,
    format: 'commonjs' | 'module',
  ) {
    // eslint-scope reads `range`.
    this.program = parse(code, { ecmaVersion: 'latest', sourceType: format, ranges: true });
  }

  /** Undefined for the program itself. Known once `visit` has passed the node. */
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

  /** The function or program of which a declaration is a statement; undefined in any other block. */
  blockOf(declaration: Node): Node | undefined {
    let above = this.parentOf(declaration);
    if (above?.type === 'ExportNamedDeclaration' || above?.type === 'ExportDefaultDeclaration') above = this.parentOf(above);
    return above?.type === 'BlockStatement' ? this.parentOf(above) : above;
  }

  /** Every node of the file, parents first, in the order of the text. */
  *visit(): Generator<Node> {
    const open: Node[] = [this.program];
    for (let node = open.pop(); node; node = open.pop()) {
      yield node;
      const below = childrenOf(node);
      for (const child of below) this.#parents.set(child, node);
      open.push(...below.reverse());
    }
  }

  textOf({ start, end }: { start: number; end: number }): string {
    return this.code.slice(start, end);
  }
}

/** The nodes directly below, in the order of the text. */
export function childrenOf(node: Node): Node[] {
  const found: Node[] = [];
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) found.push(...value.filter(isNode));
    else if (isNode(value)) found.push(value);
  }
  // `{ a }` is a key and a value at the same place: one node of each.
  return found.filter((child, index) => child !== found[index - 1]);
}

/** `node` and what is below it, parents first; below a node for which `into` says no, nothing. */
export function* below(node: Node, into: (node: Node) => boolean = () => true): Generator<Node> {
  yield node;
  if (into(node)) for (const child of childrenOf(node)) yield* below(child, into);
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
