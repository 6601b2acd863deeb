import { prototypesOf } from '../decorator/declaration.js';

/** Whether an instance's class, or one that it extends, has this name: how a class of a package is known that need not be there. */
export function isNamed(instance: object, name: string): boolean {
  const prototype = Object.getPrototypeOf(instance) as object | null;
  return prototype !== null && prototypesOf(prototype).some((level) => level.constructor?.name === name);
}
