import { analyze, type Reference, type Scope, type ScopeManager, type Variable } from 'eslint-scope';
import type { Node, Tree } from './tree.js';

export type { Reference, Scope, Variable };

/** The variables of a file, as eslint-scope finds them, and which of them each copy of the module has for itself. */
export class Scopes {
  readonly #manager: ScopeManager;

  constructor(
    readonly tree: Tree,
    format: 'commonjs' | 'module',
  ) {
    // ESTree has no offsets in its types, and acorn's nodes are ESTree's.
    this.#manager = analyze(tree.program as never, { ecmaVersion: 2026, sourceType: format, ignoreEval: true });
  }

  /** References in `node`, a function, to what stands outside of it. */
  leaving(node: Node): Reference[] {
    return this.scopeOf(node)?.through ?? [];
  }

  scopeOf(node: Node): Scope | null {
    return this.#manager.acquire(node as never);
  }

  isStrict(node: Node): boolean {
    return this.#manager.acquire(node as never, true)?.isStrict ?? false;
  }

  /** Whether every copy of the module has this variable for itself: it is imported, declared at the top level, or global. */
  isOfModule(variable: Variable | null): boolean {
    return variable === null || variable.scope.block === (this.tree.program as unknown);
  }

  /** Whether the variable is inside of `node`. */
  isWithin(variable: Variable, node: Node): boolean {
    const block = variable.scope.block as unknown as Node;
    return block !== node && block.start >= node.start && block.end <= node.end;
  }
}
