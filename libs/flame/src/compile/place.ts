import { type ClassNode, hasOwnThis, type InlineFunctionNode, isClass, type Node, type Tree } from './tree.js';

/** What `this` is in the place of a function: an instance of its class, or the reason why it is none. */
export type Self = 'instance' | 'constructor' | 'field' | 'static' | 'function' | 'object' | 'module';

/** Where an inline function stands. */
export interface Place {
  /** The id without its number: `VideosService.publish` or `src/videos.js#publish`. */
  readonly name: string;
  /** The innermost class that has the function in a member. */
  readonly home: ClassNode | undefined;
  readonly self: Self;
}

/** Finds the place of an inline function. `inline` are all inline functions of the file: `Flame` calls them with the `this` around them. */
export function placeOf(tree: Tree, run: InlineFunctionNode, file: string, inline: ReadonlySet<Node>): Place {
  let self: Self | undefined;
  let named: string | undefined;
  let from: Node = run;
  for (const node of tree.ancestors(run)) {
    const member = memberOf(tree, node, from);
    if (member) return { name: `${member.className ?? `${file}#class`}.${member.name}`, home: member.home, self: self ?? member.self };
    if (hasOwnThis(node) && !inline.has(node)) self ??= selfOf(tree, node);
    if (hasOwnThis(node) || node.type === 'ArrowFunctionExpression') named = nameOf(tree, node) ?? named;
    from = node;
  }
  return { name: `${file}#${named ?? 'module'}`, home: undefined, self: self ?? 'module' };
}

interface Member {
  readonly className: string | undefined;
  readonly name: string;
  readonly home: ClassNode;
  readonly self: Self;
}

/** `node` as the member of a class; undefined if it is none, or if `from`, its child, is a computed key, which is evaluated outside of the class. */
function memberOf(tree: Tree, node: Node, from: Node): Member | undefined {
  if (node.type !== 'MethodDefinition' && node.type !== 'PropertyDefinition' && node.type !== 'StaticBlock') return undefined;
  const home = tree.parentOf(tree.parentOf(node)!)!;
  if (!isClass(home)) return undefined;
  const className = nameOf(tree, home);
  if (node.type === 'StaticBlock') return { className, home, name: 'static', self: 'static' };
  if (node.key === from) return undefined;
  const name = keyText(tree, node);
  if (node.static) return { className, home, name, self: 'static' };
  if (node.type === 'PropertyDefinition') return { className, home, name, self: 'field' };
  return { className, home, name, self: node.kind === 'constructor' ? 'constructor' : 'instance' };
}

/** What `this` is in a function that has its own; undefined where the code around the function decides it. */
function selfOf(tree: Tree, node: Node): Self | undefined {
  const parent = tree.parentOf(node);
  if (parent?.type === 'MethodDefinition' || isAwaited(tree, node)) return undefined;
  return parent?.type === 'Property' && (parent.method || parent.kind !== 'init') ? 'object' : 'function';
}

/**
 * Whether a function is the generator that a compiler has made of an async function for old engines. Its `this` is the one outside.
 * TypeScript: `__awaiter(this, …, function* () { … })`, esbuild: `__async(this, …, function* () { … })`, swc:
 * `_async_to_generator(function* () { … }).call(this)`.
 */
function isAwaited(tree: Tree, node: Node): boolean {
  const call = tree.parentOf(node);
  if (node.type !== 'FunctionExpression' || !node.generator || call?.type !== 'CallExpression') return false;
  const helper = tree.textOf(call.callee);
  if (/\b__(awaiter|async)\)?$/.test(helper)) return call.arguments[0]?.type === 'ThisExpression';
  const method = tree.parentOf(call);
  const outer = method && tree.parentOf(method);
  const bound = outer?.type === 'CallExpression' && outer.callee === method && outer.arguments[0]?.type === 'ThisExpression';
  return /async_to_generator\b/.test(helper) && bound;
}

/** The name of a function or class: its own, or that of the variable or property that it is assigned to. */
export function nameOf(tree: Tree, node: Node): string | undefined {
  const own = 'id' in node && node.id?.type === 'Identifier' ? node.id.name : undefined;
  const given = givenName(tree, node);
  // esbuild writes `let A = class _A`.
  return own !== undefined && own !== `_${given}` ? own : given;
}

function givenName(tree: Tree, node: Node): string | undefined {
  const parent = tree.parentOf(node);
  if (parent?.type === 'VariableDeclarator' && parent.id.type === 'Identifier') return parent.id.name;
  if (parent?.type === 'AssignmentExpression' && parent.right === node) {
    if (parent.left.type === 'Identifier') return parent.left.name;
    return parent.left.type === 'MemberExpression' && !parent.left.computed ? tree.textOf(parent.left.property) : undefined;
  }
  if ((parent?.type === 'Property' || parent?.type === 'PropertyDefinition') && parent.value === node) return keyText(tree, parent);
  return parent?.type === 'ExportDefaultDeclaration' ? 'default' : undefined;
}

function keyText(tree: Tree, { key, computed }: { key: Node; computed: boolean }): string {
  if (computed) return `[${tree.textOf(key)}]`;
  return key.type === 'Literal' ? String(key.value) : tree.textOf(key);
}
