import { isFunction, type Node, type Tree } from './tree.js';

/** A use of `exports.name` in a CommonJS file. TypeScript writes each use of an exported variable like that. */
export interface ExportedUse {
  readonly node: Node;
  readonly name: string;
  readonly written: boolean;
}

/** Undefined for any other node. */
export function exportedUse(tree: Tree, node: Node): ExportedUse | undefined {
  if (node.type !== 'MemberExpression' || node.computed || node.object.type !== 'Identifier' || node.object.name !== 'exports')
    return undefined;
  const parent = tree.parentOf(node);
  const written = (parent?.type === 'AssignmentExpression' && parent.left === node) || parent?.type === 'UpdateExpression';
  return { node, name: tree.textOf(node.property), written };
}

/** The exported names that functions assign to, so after the module was loaded. */
export function changedExports(tree: Tree, nodes: Iterable<Node>): Set<string> {
  const changed = new Set<string>();
  for (const node of nodes) {
    const use = exportedUse(tree, node);
    if (use?.written && tree.ancestorOf(node, isFunction)) changed.add(use.name);
  }
  return changed;
}
