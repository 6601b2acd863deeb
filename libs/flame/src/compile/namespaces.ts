import type { FunctionNode, Node, Tree } from './tree.js';

/**
 * The functions that TypeScript makes of namespaces and enums: `(function (N) { … })(N || (N = {}))`. They run once, when the module is loaded.
 * So their variables are like those of the module.
 */
export function* namespacesOf(tree: Tree): Generator<FunctionNode> {
  const open: Node[] = [...tree.program.body];
  for (let node = open.pop(); node; node = open.pop()) {
    const body = namespaceIn(node);
    if (!body) continue;
    yield body;
    if (body.body.type === 'BlockStatement') open.push(...body.body.body);
  }
}

function namespaceIn(statement: Node): FunctionNode | undefined {
  switch (statement.type) {
    case 'ExpressionStatement':
      return called(statement.expression);
    case 'VariableDeclaration':
      return statement.declarations.length === 1 ? called(statement.declarations[0]!.init) : undefined;
    case 'ExportNamedDeclaration':
      return statement.declaration ? namespaceIn(statement.declaration) : undefined;
    default:
      return undefined;
  }
}

function called(node: Node | null | undefined): FunctionNode | undefined {
  if (node?.type !== 'CallExpression') return undefined;
  const { callee, arguments: given } = node;
  if (callee.type !== 'FunctionExpression' && callee.type !== 'ArrowFunctionExpression') return undefined;
  const plain = !callee.async && !callee.generator && callee.params.length === 1 && callee.body.type === 'BlockStatement';
  return plain && given.length === 1 && isOwnOrNew(given[0]!) ? callee : undefined;
}

/** `N || (N = {})`, `N = M.N || (M.N = {})`, `N || {}`. */
function isOwnOrNew(node: Node): boolean {
  if (node.type === 'AssignmentExpression') return isOwnOrNew(node.right);
  if (node.type !== 'LogicalExpression' || node.operator !== '||') return false;
  const made = node.right.type === 'AssignmentExpression' ? node.right.right : node.right;
  return made.type === 'ObjectExpression' && made.properties.length === 0;
}
