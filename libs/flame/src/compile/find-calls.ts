import { type InlineFunctionNode, isInlineFunction, type Node, type Tree } from './tree.js';

/** A call that may be one of `flame.call`, `flame.cast` or `flame.map` with an inline function. */
export interface InlineCall {
  readonly node: Node;
  /** What the method is called on. */
  readonly receiver: Node;
  readonly method: 'call' | 'cast' | 'map';
  readonly run: InlineFunctionNode;
}

/** Where the function stands in the arguments. */
const places: Readonly<Record<string, number>> = { call: 1, cast: 1, map: 2 };

/**
 * Finds text that may hold such a call: `.map(` with a function, or `.call(this`, which many files have, cannot be one.
 * What it lets through is parsed, so it must never miss one.
 */
const mayHoldCall =
  /\.\s*(?:call|cast|map)(?:\s|\/\*[^]*?\*\/|\?\.)*\((?!\s*(?:(?:this|null|void 0|async|function)\b|[\w$]+\s*=>|\([\w$\s,]*\)\s*=>|[\w$.]*\s*\)))/;
const ofFunctions = /=>|\bfunction\b/;

/** Cheap: most files hold none, and cost nothing else. */
export function mayHoldCalls(code: string): boolean {
  return mayHoldCall.test(code) && ofFunctions.test(code);
}

/** The calls of a file, in the order of the text. */
export function findCalls(tree: Tree): InlineCall[] {
  const found: InlineCall[] = [];
  for (const node of tree.nodes) {
    const call = inlineCall(node);
    if (call) found.push(call);
  }
  return found;
}

function inlineCall(node: Node): InlineCall | undefined {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression' || node.callee.computed) return undefined;
  const { object, property } = node.callee;
  const index = property.type === 'Identifier' && Object.hasOwn(places, property.name) ? places[property.name]! : 0;
  if (index === 0 || object.type === 'Super') return undefined;
  const [pool] = node.arguments;
  const run = node.arguments[index];
  if (!pool || !isInlineFunction(run) || !mayBePool(pool)) return undefined;
  if (node.arguments.slice(0, index).some(({ type }) => type === 'SpreadElement')) return undefined;
  return { node, receiver: object, method: (property as { name: 'call' | 'cast' | 'map' }).name, run };
}

/** False for what is no pool's name: such as the `this` of `fn.call(this, () => …)`. */
function mayBePool(node: Node): boolean {
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string';
    case 'Identifier':
      return node.name !== 'undefined';
    case 'UnaryExpression':
    case 'ThisExpression':
    case 'ArrayExpression':
    case 'ObjectExpression':
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
    case 'ClassExpression':
      return false;
    default:
      return true;
  }
}
