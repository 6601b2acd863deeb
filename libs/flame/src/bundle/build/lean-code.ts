import { parse } from 'acorn';
import type { Node } from '../../compile/tree.js';

interface Cut {
  readonly start: number;
  readonly end: number;
  /** What takes its place; spaces if left out. */
  readonly text?: string;
}

/**
 * esbuild's code of a bundle without calls of `__name` that give a function the name that it has: all but those for names that esbuild had
 * to change. They would run for each function that is made, also by calls: one that makes two takes 950 ns with them, and 20 without (Node 26).
 * Spaces take their place, so that the source map stays right.
 *
 * What `import()` still loads is outside of the bundle, and loaded by the start script, as Node supports `import()` in code with a code cache only
 * as an experiment.
 */
export function leanCode(code: string): string {
  const cuts: Cut[] = [];
  const visit = (node: Node, parent: Node | undefined): void => {
    if (node.type === 'ImportExpression') cuts.push({ start: node.start, end: node.start + 'import'.length, text: '__flame.load' });
    cuts.push(...needless(node, parent));
    for (const key in node) {
      const value = (node as unknown as Record<string, unknown>)[key];
      if (Array.isArray(value)) for (const item of value) visitIfNode(item, node);
      else visitIfNode(value, node);
    }
  };
  const visitIfNode = (value: unknown, parent: Node): void => {
    if (typeof value === 'object' && value !== null && typeof (value as Node).type === 'string') visit(value as Node, parent);
  };
  visit(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }), undefined);
  return without(code, cuts);
}

/** The parts of a node that give a function the name that it has anyway. */
function needless(node: Node, parent: Node | undefined): Cut[] {
  if (node.type === 'ExpressionStatement') {
    const named = naming(node.expression);
    return named?.of.type === 'Identifier' && named.of.name === named.name ? [node] : [];
  }
  if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') {
    const name = node.id?.name ?? nameFrom(parent, node);
    return node.body.body.filter((part) => {
      if (part.type !== 'StaticBlock' || part.body.length !== 1 || part.body[0]!.type !== 'ExpressionStatement') return false;
      const named = naming(part.body[0].expression);
      return named?.of.type === 'ThisExpression' && named.name === name;
    });
  }
  const named = naming(node);
  if (named === undefined || !['FunctionExpression', 'ArrowFunctionExpression', 'ClassExpression'].includes(named.of.type)) return [];
  const own = (named.of as { id?: { name: string } | null }).id?.name ?? nameFrom(parent, node);
  if (own !== named.name) return [];
  return [
    { start: node.start, end: named.of.start },
    { start: named.of.end, end: node.end },
  ];
}

/** A call of esbuild's helper: what it names, and how. */
function naming(node: Node): { of: Node; name: string } | undefined {
  if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier' || node.callee.name !== '__name') return undefined;
  const [of, name] = node.arguments;
  return name?.type === 'Literal' && typeof name.value === 'string' ? { of: of!, name: name.value } : undefined;
}

/** The name that an anonymous function gets from the place where it stands. */
function nameFrom(parent: Node | undefined, node: Node): string | undefined {
  if (parent?.type === 'VariableDeclarator' && parent.init === node && parent.id.type === 'Identifier') return parent.id.name;
  if (parent?.type === 'AssignmentExpression' && parent.right === node && parent.left.type === 'Identifier') return parent.left.name;
  if (parent?.type === 'AssignmentPattern' && parent.right === node && parent.left.type === 'Identifier') return parent.left.name;
  if (parent?.type === 'Property' && parent.value === node && !parent.computed && parent.key.type === 'Identifier') return parent.key.name;
  return undefined;
}

function without(code: string, cuts: Cut[]): string {
  let text = '';
  let at = 0;
  for (const { start, end, text: instead } of cuts.sort((one, other) => one.start - other.start)) {
    if (start < at) continue;
    text += code.slice(at, start) + (instead ?? code.slice(start, end).replace(/[^\n]/g, ' '));
    at = end;
  }
  return text + code.slice(at);
}
