import { nameOf } from './place.js';
import type { Scopes, Variable } from './scopes.js';
import { type ClassNode, type Node, type Tree } from './tree.js';

const library = 'nestjs-flame';
/** Types in decorator metadata whose values may be plain values and no providers. */
const plain = /^(Object|String|Number|Boolean|BigInt|Symbol|Array|Date|RegExp|Map|Set|Function|Promise|Buffer|Uint8Array|undefined|null)$/;

/** The types that Nest injects into the classes of a file, as far as decorator metadata and `inject(…)` show them. */
export class Injected {
  /** The types of a constructor's parameters by the name of the class, and those of properties by `Class.property`. */
  readonly #parameters = new Map<string, (Node | undefined)[]>();
  readonly #properties = new Map<string, Node>();

  constructor(
    readonly tree: Tree,
    readonly scopes: Scopes,
  ) {
    for (const node of tree.nodes) if (node.type === 'CallExpression') this.#readDecorators(node);
  }

  /** Whether an expression is `Flame` for certain. `home` is the class of its `this`. */
  isFlame(node: Node, home: ClassNode | undefined): boolean {
    const value = unwrapped(node);
    if (value.type === 'CallExpression') return this.#namesFlame(value.arguments[0]);
    if (value.type === 'Identifier') return this.#holdsFlame(this.scopes.variableOf(value), home);
    if (value.type !== 'MemberExpression' || value.object.type !== 'ThisExpression' || value.computed) return false;
    return this.#namesFlame(home && this.#typeOf(home, this.tree.textOf(value.property)));
  }

  /** Whether `this.property` is a provider for certain. */
  isProvider(home: ClassNode, property: string): boolean {
    const type = this.#typeOf(home, property);
    return type !== undefined && !plain.test(this.tree.textOf(type));
  }

  #holdsFlame(variable: Variable | undefined, home: ClassNode | undefined): boolean {
    const [definition] = variable?.defs ?? [];
    if (definition?.type !== 'Variable') return false;
    const { id, init } = definition.node as unknown as { id: Node; init: Node | null };
    if (!init) return false;
    if (id.type === 'Identifier') return this.isFlame(init, home);
    const property = init.type === 'ThisExpression' ? propertyOf(this.tree, id, variable!.name) : undefined;
    return property !== undefined && this.#namesFlame(home && this.#typeOf(home, property));
  }

  /** The type of `this.property`: of the parameter that the constructor puts there, of the property, or of `inject(Type)`. */
  #typeOf(home: ClassNode, property: string): Node | undefined {
    const name = nameOf(this.tree, home) ?? '';
    const declared = this.#properties.get(`${name}.${property}`);
    if (declared) return declared;
    for (const member of home.body.body) {
      if (member.type === 'PropertyDefinition' && member.value && this.tree.textOf(member.key) === property) {
        const type = injectedType(this.tree, member.value);
        if (type) return type;
      }
      if (member.type !== 'MethodDefinition' || member.kind !== 'constructor') continue;
      const value = assignedIn(this.tree, member.value.body.body, property);
      const index = value?.type === 'Identifier' ? member.value.params.findIndex((parameter) => isNamed(parameter, value.name)) : -1;
      if (index >= 0) return this.#parameters.get(name)?.[index];
      if (value) return injectedType(this.tree, value);
    }
    return undefined;
  }

  /** `__decorate([…, __metadata("design:paramtypes", […])], Class)`: TypeScript's, swc's and esbuild's calls differ in the names only. */
  #readDecorators(call: Extract<Node, { type: 'CallExpression' }>): void {
    const [list, target, key] = call.arguments;
    if (list?.type !== 'ArrayExpression' || !target || !/decorate/i.test(this.tree.textOf(call.callee))) return;
    for (const decorator of list.elements) {
      if (decorator?.type !== 'CallExpression') continue;
      const [first, second] = decorator.arguments;
      if (first?.type !== 'Literal' || !second) continue;
      if (target.type === 'Identifier' && first.value === 'design:paramtypes' && second.type === 'ArrayExpression')
        second.elements.forEach((type, index) => this.#noteParameter(target.name, index, type ?? undefined));
      else if (target.type === 'Identifier' && typeof first.value === 'number')
        this.#noteParameter(target.name, first.value, injectedType(this.tree, second));
      else if (first.value === 'design:type' && key?.type === 'Literal')
        this.#properties.set(`${this.tree.textOf(target).replace(/\.prototype$/, '')}.${String(key.value)}`, realType(second));
    }
  }

  #noteParameter(name: string, index: number, type: Node | undefined): void {
    const types = this.#parameters.get(name) ?? [];
    this.#parameters.set(name, types);
    // `@Inject(Class)` says more than the metadata, which may be `Object`.
    if (type && (!types[index] || plain.test(this.tree.textOf(types[index])))) types[index] = realType(type);
  }

  #namesFlame(type: Node | undefined): boolean {
    if (type?.type === 'Identifier') return this.#isFromLibrary(this.scopes.variableOf(type), 'Flame');
    if (type?.type !== 'MemberExpression' || type.object.type !== 'Identifier' || type.computed) return false;
    return this.tree.textOf(type.property) === 'Flame' && this.#isFromLibrary(this.scopes.variableOf(type.object), '*');
  }

  #isFromLibrary(variable: Variable | undefined, name: string): boolean {
    const [definition] = variable?.defs ?? [];
    if (definition?.type === 'ImportBinding') {
      const { source } = definition.parent as unknown as { source: { value: unknown } };
      const { imported } = definition.node as unknown as { imported?: { name: string } };
      return source.value === library && (imported?.name ?? '*') === name;
    }
    if (definition?.type !== 'Variable') return false;
    const { id, init } = definition.node as unknown as { id: Node; init: Node | null };
    if (!init || !/\brequire\(\s*["']nestjs-flame["']\s*\)/.test(this.tree.textOf(init))) return false;
    return id.type === 'Identifier' ? name === '*' : propertyOf(this.tree, id, variable!.name) === name;
  }
}

/** The property that a pattern, `{ property: name }`, puts into a variable. */
export function propertyOf(tree: Tree, pattern: Node, name: string): string | undefined {
  if (pattern.type !== 'ObjectPattern') return undefined;
  for (const property of pattern.properties)
    if (property.type === 'Property' && !property.computed && isNamed(property.value, name)) return tree.textOf(property.key);
  return undefined;
}

const isNamed = (node: Node, name: string): boolean =>
  (node.type === 'Identifier' && node.name === name) || (node.type === 'AssignmentPattern' && isNamed(node.left, name));

/** The `Type` of `inject(Type)` or `Inject(Type)`. */
function injectedType(tree: Tree, node: Node): Node | undefined {
  if (node.type !== 'CallExpression' || !/\binject\b\)?$/i.test(tree.textOf(node.callee))) return undefined;
  return node.arguments[0]?.type === 'Literal' ? undefined : node.arguments[0];
}

/**
 * The type `T` of an expression that checks whether `T` exists. swc writes `typeof T === "undefined" ? Object : T`. TypeScript writes
 * `typeof (_a = typeof T !== "undefined" && T) === "function" ? _a : Object` if it compiles each file by itself.
 */
function realType(type: Node): Node {
  if (type.type !== 'ConditionalExpression') return type;
  const checked = type.test.type === 'BinaryExpression' && type.test.left.type === 'UnaryExpression' ? type.test.left.argument : undefined;
  const value = checked?.type === 'AssignmentExpression' ? checked.right : undefined;
  return value?.type === 'LogicalExpression' ? value.right : realType(type.alternate);
}

function unwrapped(node: Node): Node {
  return node.type === 'AwaitExpression' ? unwrapped(node.argument) : node.type === 'ChainExpression' ? unwrapped(node.expression) : node;
}

/** The value that statements assign to `this.property`. */
function assignedIn(tree: Tree, statements: readonly Node[], property: string): Node | undefined {
  for (const statement of statements) {
    const node = statement.type === 'ExpressionStatement' ? statement.expression : undefined;
    if (node?.type !== 'AssignmentExpression' || node.left.type !== 'MemberExpression' || node.left.computed) continue;
    if (node.left.object.type === 'ThisExpression' && tree.textOf(node.left.property) === property) return node.right;
  }
  return undefined;
}
