import { changedExports, exportedUse } from './exported.js';
import type { Injected } from './injected.js';
import { propertyOf } from './injected.js';
import type { Place, Self } from './place.js';
import { problem, type Problem } from './refusals.js';
import { nodeOf, type Scopes, type Variable } from './scopes.js';
import { type ClassNode, hasOwnThis, type InlineFunctionNode, isClass, isFunction, type Node } from './tree.js';

/** What an inline function uses of the code around it. */
export interface Captures {
  /** Captured variables, in the order in which the function uses them first. */
  readonly names: readonly string[];
  /** Whether it uses `this`, `super` or a name that only its class knows. Its copy then has to be a method. */
  readonly ofInstance: boolean;
  /** In the order of the text. */
  readonly problems: readonly Problem[];
}

/** Finds the variables that inline functions capture, and the problems of inline functions. */
export class CaptureFinder {
  readonly #changedExports: ReadonlySet<string>;

  constructor(
    readonly scopes: Scopes,
    readonly injected: Injected,
    /** The inline functions of the file. */
    readonly inline: ReadonlySet<Node>,
  ) {
    this.#changedExports = changedExports(scopes.tree, scopes.tree.nodes);
  }

  find(run: InlineFunctionNode, { home, self }: Place): Captures {
    const own = this.#ownParts(run);
    const ofClass = own.find(({ type }) => type === 'ThisExpression' || type === 'Super') ?? this.#nameOfClass(run, home);
    const problems = [...this.#boundParts(run, own), ...this.#exports(run)];
    if (ofClass && (self !== 'instance' || !home)) problems.push(ofNoInstance(self, ofClass));
    const names = new Set<string>();
    const changing = new Set<string>();
    for (const reference of this.scopes.leaving(run)) {
      const { resolved } = reference;
      const at = nodeOf(reference);
      const { name } = at as { name: string };
      const ofModule = this.scopes.isOfModule(resolved);
      if (resolved && name === 'arguments' && resolved.defs.length === 0) problems.push(problem('arguments', at));
      else if (reference.isWrite()) problems.push(problem(ofModule ? 'assigns-module' : 'assigns-captured', at, name));
      else if (ofModule || !resolved) {
        if (resolved && !changing.has(name) && this.scopes.isChanged(resolved)) problems.push(problem('changing-variable', at, name));
        changing.add(name);
      } else if (!isNameOf(resolved, home) && (!ofClass || !home || this.scopes.isWithin(resolved, home))) {
        const refused = names.has(name) ? undefined : this.#refused(resolved, at, home);
        if (refused) problems.push(refused);
        names.add(name);
      }
    }
    problems.sort((one, other) => one.at.start - other.at.start);
    return { names: [...names], ofInstance: ofClass !== undefined, problems };
  }

  /** The nodes where `this` is that of the function. Inline functions inside of it are included: `Flame` calls them with the `this` around them. */
  #ownParts(run: InlineFunctionNode): Node[] {
    return [...this.scopes.tree.below(run, (node) => this.inline.has(node) || !(hasOwnThis(node) || isClass(node)))];
  }

  /** Uses of `eval`, `yield`, `new.target` and `with` that would mean something else in a copy. */
  *#boundParts(run: InlineFunctionNode, own: readonly Node[]): Generator<Problem> {
    for (const node of this.scopes.tree.below(run))
      if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'eval') yield problem('eval', node);
    for (const reference of this.scopes.leaving(run)) {
      const generator = nodeOf(reference).type === 'Identifier' && reference.identifier.name === 'yield' && reference.resolved === null;
      if (generator && this.scopes.tree.ancestorOf(run, (node) => isFunction(node) && node.generator))
        yield problem('yield', nodeOf(reference));
    }
    const target = own.find((node) => node.type === 'MetaProperty' && node.meta.name === 'new');
    if (target && !this.scopes.tree.ancestorOf(target, (node) => hasOwnThis(node) && contains(run, node)))
      yield problem('new-target', target);
    if (this.scopes.tree.ancestorOf(run, ({ type }) => type === 'WithStatement')) yield problem('with', run);
  }

  /** Assignments to exported variables, and uses of exported variables that the module changes. */
  *#exports(run: InlineFunctionNode): Generator<Problem> {
    const seen = new Set<string>();
    for (const node of this.scopes.tree.below(run)) {
      const use = exportedUse(this.scopes.tree, node);
      if (use?.written) yield problem('assigns-module', node, use.name);
      else if (use && !seen.has(use.name) && this.#changedExports.has(use.name)) yield problem('changing-variable', node, use.name);
      if (use) seen.add(use.name);
    }
  }

  /** A use of a private name of a class around the function, or of a class's name that only the class itself sees. */
  #nameOfClass(run: InlineFunctionNode, home: ClassNode | undefined): Node | undefined {
    const own = new Set<string>();
    const used: Extract<Node, { type: 'PrivateIdentifier' }>[] = [];
    for (const node of this.scopes.tree.below(run)) {
      if (node.type === 'PrivateIdentifier') used.push(node);
      if ((node.type === 'PropertyDefinition' || node.type === 'MethodDefinition') && node.key.type === 'PrivateIdentifier')
        own.add(node.key.name);
    }
    const foreign = used.find(({ name }) => !own.has(name));
    if (foreign || !home) return foreign;
    const ofModule = home.type === 'ClassDeclaration' && this.scopes.outermostOf(home) === this.scopes.tree.blockOf(home);
    return ofModule
      ? undefined
      : this.scopes
          .leaving(run)
          .filter(({ resolved }) => isNameOf(resolved, home))
          .map(nodeOf)[0];
  }

  #refused(variable: Variable, at: Node, home: ClassNode | undefined): Problem | undefined {
    const { name } = variable;
    const [definition] = variable.defs;
    if (definition?.type === 'FunctionName') return problem('captures-function', at, name);
    if (definition?.type === 'ClassName') return problem('captures-class', at, name);
    if (definition?.type !== 'Variable') return undefined;
    const { id, init } = definition.node as unknown as { id: Node; init: Node | null };
    const property = init && home ? ofThis(this.scopes, id, init, name) : undefined;
    if (property !== undefined && this.injected.isProvider(home!, property)) return problem('captures-provider', at, name, property);
    if (id.type !== 'Identifier') return undefined;
    if (init?.type === 'ArrowFunctionExpression' || init?.type === 'FunctionExpression') return problem('captures-function', at, name);
    if (init?.type === 'ClassExpression') return problem('captures-class', at, name);
    return init?.type === 'ThisExpression' ? problem('captures-this', at, name) : undefined;
  }
}

/** The property that `const { property: name } = this` or `const name = this.property` reads. */
function ofThis({ tree }: Scopes, id: Node, init: Node, name: string): string | undefined {
  if (init.type === 'ThisExpression') return propertyOf(tree, id, name);
  const read = id.type === 'Identifier' && init.type === 'MemberExpression' && init.object.type === 'ThisExpression' && !init.computed;
  return read ? tree.textOf(init.property) : undefined;
}

const contains = (outer: Node, { start, end }: Node): boolean => outer.start <= start && end <= outer.end;

const isNameOf = (variable: Variable | null, home: Node | undefined): boolean =>
  variable?.scope.type === 'class' && (variable.scope.block as unknown) === home;

function ofNoInstance(self: Self, at: Node): Problem {
  if (self === 'static' || self === 'constructor' || self === 'field') return problem(`this-of-${self}`, at);
  return problem(
    'this-of-function',
    at,
    self === 'object' ? "an object's method" : self === 'function' ? 'a nested function' : 'the module',
  );
}
