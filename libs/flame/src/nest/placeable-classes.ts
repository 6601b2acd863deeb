import type { ModulesContainer } from '@nestjs/core';
import { PlaceableClass } from './placeable-class.js';
import type { Class, NestModule, ProviderHome } from './provider-home.js';

/**
 * The classes that children can be made of: those that have handlers, and those that `wanted` names. Dependencies come from the module that provides the class,
 * from the root module for a class that none provides.
 */
export function placeableClasses(modules: ModulesContainer, homes: readonly ProviderHome[], wanted: readonly Class[]): PlaceableClass[] {
  const found = new Map<Class, { tokens: Set<unknown>; module: NestModule }>();
  for (const { prototype, token, module } of homes) {
    const type = prototype.constructor as unknown as Class;
    const known = found.get(type);
    if (known) known.tokens.add(token);
    else found.set(type, { tokens: new Set([token]), module });
  }
  const provided = [...found];
  for (const type of wanted) {
    if (provided.some(([known, { tokens }]) => known === type || tokens.has(type))) continue;
    found.set(type, { tokens: new Set(), module: rootOf(modules) });
  }
  const names = new Set<string>();
  return Array.from(found, ([type, { tokens, module }]) => {
    const name = nameFor(type, module, names);
    names.add(name);
    return new PlaceableClass(name, type, tokens, module);
  });
}

/** Classes of one name are told apart by their modules, and by a count where that is not enough. */
function nameFor(type: Class, module: NestModule, taken: ReadonlySet<string>): string {
  const own = `new ${type.name}`;
  if (!taken.has(own)) return own;
  const qualified = `${own}@${module.metatype.name}`;
  for (let count = 1; ; count++) {
    const name = count === 1 ? qualified : `${qualified}#${count}`;
    if (!taken.has(name)) return name;
  }
}

/** The first module is Nest's own. */
function rootOf(modules: ModulesContainer): NestModule {
  return [...modules.values()][1]!;
}
