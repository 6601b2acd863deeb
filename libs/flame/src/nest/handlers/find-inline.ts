import type { ModulesContainer } from '@nestjs/core';
import { inlineFunctions, inlineMethods } from '../../inline/index.js';
import type { InlineMethod } from '../../inline/index.js';
import { prototypesOf } from '../decorator/declaration.js';
import type { Method } from '../decorator/declaration.js';
import { endingOf } from './home-name.js';
import type { InlineHandler } from './inline-index.js';
import { homesAmong } from './provider-home.js';
import type { ProviderHome } from './provider-home.js';

/** An inline function, and what distinguishes it from others with its name. */
interface Found extends InlineHandler {
  readonly qualifier: string;
}

/**
 * Finds the inline functions of the modules that are loaded: those in the classes of the app's providers and controllers, inherited ones
 * included, and those that use no `this`.
 */
export function findInline(modules: ModulesContainer): InlineHandler[] {
  const methods = homesAmong(modules, hasInline).flatMap((home) =>
    Array.from(methodsOf(home.prototype), (found) => inClass(home, ...found)),
  );
  const functions = Array.from(inlineFunctions.values(), ({ id, digest, names, run }): Found => {
    return { name: id, id, digest, captures: names, method: run as Method, home: undefined, qualifier: digest };
  });
  const all: Found[] = [...methods, ...functions.sort((a, b) => (a.digest < b.digest ? -1 : 1))];
  const count = new Map<string, number>();
  for (const { name } of all) count.set(name, (count.get(name) ?? 0) + 1);
  return all.map((found, index) => (count.get(found.name) === 1 ? found : { ...found, name: found.name + endingOf(index, all) }));
}

function hasInline(prototype: object): boolean {
  return !methodsOf(prototype).next().done;
}

/** The inline functions that are methods of a class, with the prototype that has each. */
function* methodsOf(prototype: object): Generator<[level: object, method: Method, InlineMethod]> {
  for (const level of prototypesOf(prototype)) {
    for (const symbol of Object.getOwnPropertySymbols(level)) {
      const inline = inlineMethods.get(symbol);
      const method: unknown = inline && Object.getOwnPropertyDescriptor(level, symbol)!.value;
      if (typeof method === 'function') yield [level, method as Method, inline!];
    }
  }
}

/** An inherited function has the name of the provider's class, too, because each subclass runs it on instances of its own. */
function inClass(home: ProviderHome, level: object, method: Method, { id, digest, names }: InlineMethod): Found {
  const name = level === home.prototype ? id : `${id}@${home.prototype.constructor.name}`;
  return { name, id, digest, captures: names, method, home, qualifier: home.qualifier };
}
