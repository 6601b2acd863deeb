import { FlameError, helpFor } from '../errors/flame-error.js';

/** Properties of errors that are not enumerable when the language sets them. */
const hiddenKeys = ['message', 'stack', 'name', 'cause', 'errors'] as const;

export interface ErrorRecord {
  /** The hidden properties and their values. */
  readonly hidden: [key: string, value: unknown][];
  /** The keys of the error's own enumerable properties. */
  readonly own: string[];
}

/**
 * Lists the properties of an error that `base` does not give it, without a FlameError's `help`, which the other side derives. `base` is the
 * nearest prototype above it that the other side has. An error whose class the other side does not have keeps the class's name as its `name`.
 */
export function describeError(error: Error, base: object): ErrorRecord {
  const all = Object.keys(error);
  const own = hasHelp(error) ? all.filter((key) => key !== 'help') : all;
  const hidden: [string, unknown][] = [];
  for (const key of hiddenKeys) {
    if (own.includes(key)) continue;
    const value = read(error, key);
    const inherited = typeof value === 'string' && value !== read(base, key);
    if (inherited || Object.hasOwn(error, key)) hidden.push([key, value]);
  }
  const named = own.includes('name') || hidden.some(([key]) => key === 'name');
  if (!named && Object.getPrototypeOf(error) !== base && read(base, 'name') !== error.constructor?.name) {
    hidden.push(['name', String(error.constructor?.name)]);
  }
  return { hidden, own };
}

/**
 * Creates an error with that prototype without calling the constructor of its class. It is a real error: engines, loggers and test runners
 * distinguish it from an object that only inherits from an error.
 */
export function makeError(prototype: object): Error {
  return Object.setPrototypeOf(new Error(), prototype) as Error;
}

/** Gives a FlameError that has crossed its `help` again. */
export function addHelp(error: Error): void {
  if (!(error instanceof FlameError) || Object.hasOwn(error, 'help') || typeof error.code !== 'string') return;
  Object.assign(error, { help: helpFor(error.code) });
}

/** Whether an error is a FlameError whose `help` is that of its code. */
function hasHelp(error: Error): boolean {
  const code = error instanceof FlameError && read(error, 'code');
  return typeof code === 'string' && read(error, 'help') === helpFor(code);
}

export function isHiddenKey(key: unknown): key is string {
  return (hiddenKeys as readonly unknown[]).includes(key);
}

/** Adds a line to the end of an error's stack. */
export function addStackLine(error: Error, line: string): void {
  if (typeof error.stack !== 'string') return;
  // A class's own `decode` may have returned a frozen error.
  Reflect.defineProperty(error, 'stack', { value: `${error.stack}\n    at ${line}`, configurable: true, writable: true });
}

function read(source: object, key: string): unknown {
  try {
    return (source as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
