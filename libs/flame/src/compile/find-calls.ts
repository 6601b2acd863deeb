import { type InlineFunctionNode, isInlineFunction, type Node, type Tree } from './tree.js';

/** A call that may be one of `flame.call`, `flame.cast` or `flame.map` with an inline function. */
export interface InlineCall {
  readonly node: Node;
  /** What the method is called on. */
  readonly receiver: Node;
  readonly method: 'call' | 'cast' | 'map';
  readonly run: InlineFunctionNode;
}

/** The index of the inline function among the arguments, by method. */
const places: Readonly<Record<string, number>> = { call: 1, cast: 1, map: 2 };

/**
 * Matches code that may contain such a call. `.map(function` and `.call(this`, which many files have, are none. A false match costs the time
 * to parse the file. A call that the pattern misses would not be compiled, so it must miss none.
 */
const mayHoldCall =
  /\.\s*(?:call|cast|map)(?:\s|\/\*[^]*?\*\/|\?\.)*\((?!\s*(?:(?:this|null|void 0|async|function)\b|[\w$]+\s*=>|\([\w$\s,]*\)\s*=>|[\w$.]*\s*\)))/;
const ofFunctions = /=>|\bfunction\b/;

/** Whether a file may contain inline functions. It searches the text only, so that most files are not parsed. */
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

/** Whether an argument may be the name of a pool. `this` in `fn.call(this, () => …)` cannot be. */
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
