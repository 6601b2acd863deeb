import { problem, type Problem } from './refusals.js';
import type { Place, Self } from './place.js';
import type { Reference, Scopes, Variable } from './scopes.js';
import { below, hasOwnThis, type InlineFunctionNode, isClass, type Node } from './tree.js';

/** What an inline function needs from around it. */
export interface Captures {
  /** Captured variables, in the order in which the function uses them first. */
  readonly names: readonly string[];
  /** It uses `this`, `super`, or a name that only its class has: its copy has to be a method. */
  readonly ofInstance: boolean;
  readonly problems: readonly Problem[];
}

export function findCaptures(scopes: Scopes, run: InlineFunctionNode, { home, self }: Place): Captures {
  const problems: Problem[] = [];
  const references = scopes.leaving(run).toSorted(byPlace);
  const ofInstance =
    ownParts(run).some(({ type }) => type === 'ThisExpression' || type === 'Super') ||
    usesPrivateNames(run) ||
    references.some(({ resolved }) => home !== undefined && isNameOf(resolved, home) && !scopes.isOfModule(outerNameOf(scopes, home)));
  if (ofInstance && self !== 'instance') problems.push(ofNoInstance(self, selfNode(run)));
  const names = new Set<string>();
  for (const reference of references) {
    const { resolved } = reference;
    const at = reference.identifier as unknown as Node;
    const name = reference.identifier.name as string;
    if (reference.isWrite()) problems.push(problem(scopes.isOfModule(resolved) ? 'assigns-module' : 'assigns-captured', at, name));
    else if (resolved === null || scopes.isOfModule(resolved)) continue;
    else if (home && isNameOf(resolved, home)) continue;
    else if (name === 'arguments' && resolved.defs.length === 0) problems.push(problem('arguments', at));
    else if (ofInstance && home && !scopes.isWithin(resolved, home)) continue;
    else {
      const refused = refusedVariable(resolved, at);
      if (refused) problems.push(refused);
      names.add(name);
    }
  }
  for (const node of below(run)) {
    if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'eval')
      problems.push(problem('eval', node));
  }
  if (run.type === 'ArrowFunctionExpression') {
    const target = ownParts(run).find(
      ({ type, ...node }) => type === 'MetaProperty' && 'meta' in node && (node.meta as { name: string }).name === 'new',
    );
    if (target) problems.push(problem('new-target', target));
  }
  return { names: [...names], ofInstance, problems: problems.toSorted((one, other) => one.at.start - other.at.start) };
}

/** Nodes of the function that share its `this`. */
function ownParts(run: InlineFunctionNode): Node[] {
  return [...below(run, (node) => node === run || !(hasOwnThis(node) || isClass(node)))];
}

/** Whether it uses a private name of a class around it. */
function usesPrivateNames(run: InlineFunctionNode): boolean {
  const own = new Set<string>();
  const used = new Set<string>();
  for (const node of below(run)) {
    if ((node.type === 'PropertyDefinition' || node.type === 'MethodDefinition') && node.key.type === 'PrivateIdentifier')
      own.add(node.key.name);
    else if (node.type === 'PrivateIdentifier') used.add(node.name);
  }
  return [...used].some((name) => !own.has(name));
}

const isNameOf = (variable: Variable | null, home: Node): boolean =>
  variable?.scope.type === 'class' && (variable.scope.block as unknown) === home;

/** The variable that a class declaration makes outside of the class. */
function outerNameOf(scopes: Scopes, home: Node): Variable | null {
  const name = 'id' in home && home.type === 'ClassDeclaration' ? home.id?.name : undefined;
  const outer = name === undefined ? undefined : scopes.scopeOf(home)?.upper?.set.get(name);
  return outer ?? scopes.scopeOf(home)?.variables[0] ?? null;
}

function selfNode(run: InlineFunctionNode): Node {
  return ownParts(run).find(({ type }) => type === 'ThisExpression' || type === 'Super') ?? run;
}

function ofNoInstance(self: Self, at: Node): Problem {
  if (self === 'static' || self === 'constructor' || self === 'field') return problem(`this-of-${self}`, at);
  return problem(
    'this-of-function',
    at,
    { function: 'a nested function', object: "an object's method", module: 'the module', instance: '' }[self],
  );
}

function refusedVariable(variable: Variable, at: Node): Problem | undefined {
  const [definition] = variable.defs;
  if (!definition) return undefined;
  if (definition.type === 'FunctionName') return problem('captures-function', at, variable.name);
  if (definition.type === 'ClassName') return problem('captures-class', at, variable.name);
  const value = definition.type === 'Variable' ? (definition.node as unknown as { id: Node; init: Node | null }) : undefined;
  if (value?.id.type !== 'Identifier') return undefined;
  switch (value.init?.type) {
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
      return problem('captures-function', at, variable.name);
    case 'ClassExpression':
      return problem('captures-class', at, variable.name);
    case 'ThisExpression':
      return problem('captures-this', at, variable.name);
    default:
      return undefined;
  }
}

const byPlace = (one: Reference, other: Reference): number =>
  (one.identifier as unknown as Node).start - (other.identifier as unknown as Node).start;
