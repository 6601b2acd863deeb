import { analyze, type Reference, type Scope, type ScopeManager, type Variable } from 'eslint-scope';
import { namespacesOf } from './namespaces.js';
import { type FunctionNode, isFunction, type Node, type Tree } from './tree.js';

export type { Reference, Scope, Variable };

/** The variables of a file, as eslint-scope finds them. Runners load the module, too, so they have its variables and do not capture them. */
export class Scopes {
  readonly #manager: ScopeManager;
  readonly #references = new Map<Node, Reference>();
  /** The program and the bodies of TypeScript's namespaces: code that runs once, when the module is loaded. */
  readonly #once: ReadonlySet<Node>;

  constructor(
    readonly tree: Tree,
    format: 'commonjs' | 'module',
  ) {
    // acorn's nodes are those of ESTree, but its types differ.
    this.#manager = analyze(tree.program as never, { ecmaVersion: 2026, sourceType: format, ignoreEval: true });
    for (const { references } of this.#manager.scopes)
      for (const reference of references) this.#references.set(nodeOf(reference), reference);
    this.#once = new Set([tree.program, ...namespacesOf(tree)]);
  }

  /** The references in a function to variables outside of it, in the order of the text. */
  leaving(node: Node): Reference[] {
    return (this.scopeOf(node)?.through ?? []).toSorted((one, other) => nodeOf(one).start - nodeOf(other).start);
  }

  scopeOf(node: Node): Scope | null {
    return this.#manager.acquire(node as never);
  }

  /** Whether an identifier is the use of a variable, and not a key or a label. */
  isReference(identifier: Node): boolean {
    return this.#references.has(identifier);
  }

  /** The variable that an identifier stands for. */
  variableOf(identifier: Node): Variable | undefined {
    return this.#references.get(identifier)?.resolved ?? undefined;
  }

  isStrict(node: Node): boolean {
    return this.#manager.acquire(node as never, true)?.isStrict ?? false;
  }

  /** Whether a runner has this variable, too: it is global, imported, or declared at the top level of the module or of a namespace. */
  isOfModule(variable: Variable | null): boolean {
    return variable === null || this.#once.has(blockOf(variable.scope));
  }

  /** The body that the copy of a function is added to: the innermost namespace around the function, or the program. */
  outermostOf(node: Node): FunctionNode | Tree['program'] {
    for (const above of this.tree.ancestors(node)) if (this.#once.has(above)) return above as FunctionNode | Tree['program'];
    return this.tree.program;
  }

  /** Whether the variable is declared inside of `node`. */
  isWithin(variable: Variable, node: Node): boolean {
    const block = blockOf(variable.scope);
    return block !== node && block.start >= node.start && block.end <= node.end;
  }

  /**
   * Whether a function may write to the variable after the module was loaded. A function that replaces itself does not count: istanbul's do,
   * at their first call.
   */
  isChanged(variable: Variable): boolean {
    return variable.references.some((reference) => {
      if (!reference.isWrite() || variable.defs.some(({ node }) => contains(node as unknown as Node, nodeOf(reference)))) return false;
      return this.tree.ancestorOf(nodeOf(reference), (node) => this.#runsLater(node)) !== undefined;
    });
  }

  #runsLater(node: Node): boolean {
    return (isFunction(node) && !this.#once.has(node)) || (node.type === 'PropertyDefinition' && !node.static);
  }
}

/** The identifier of a reference. */
export const nodeOf = (reference: Reference): Node => reference.identifier as unknown as Node;

const blockOf = (scope: Scope): Node => scope.block as unknown as Node;

const contains = (node: Node, other: Node): boolean => node.start <= other.start && other.end <= node.end;
