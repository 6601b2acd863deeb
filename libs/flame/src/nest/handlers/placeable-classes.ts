import type { ModulesContainer } from '@nestjs/core';
import { endingOf } from './home-name.js';
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
  const classes = Array.from(found, ([type, { module }]) => ({ name: type.name, qualifier: module.metatype.name }));
  return Array.from(found, ([type, { tokens, module }]) => ({ type, tokens, module })).map(
    ({ type, tokens, module }, place) => new PlaceableClass(`new ${type.name}${endingOf(place, classes)}`, type, tokens, module),
  );
}

/** The first module is Nest's own. */
function rootOf(modules: ModulesContainer): NestModule {
  return [...modules.values()][1]!;
}
