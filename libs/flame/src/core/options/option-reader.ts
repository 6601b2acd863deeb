import { FlameError } from '../errors/flame-error.js';
import { nearest } from './nearest.js';

/** The error of a wrong option: its path, the problem and the fix. */
export function badOption(path: string, problem: string, fix: string): FlameError {
  return new FlameError('FLAME_CONFIG', `${path} ${problem}. ${fix}`);
}

/** Formats a value for an error message: short, on one line. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'function') return `a function (${value.name || 'anonymous'})`;
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `an array of ${value.length}` : `an object (${value.constructor?.name ?? 'null prototype'})`;
  return String(value);
}

/**
 * Reads and checks one object of options, each key once. Errors name the path of the key. `done` refuses keys that were not read, so that a
 * misspelt option is not ignored silently.
 */
export class OptionReader {
  readonly #options: Record<string, unknown>;
  readonly #known = new Set<string>();

  constructor(
    options: unknown,
    readonly path: string,
  ) {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      throw badOption(path, `must be an object of options, but is ${show(options)}`, 'docs/options.md lists the options.');
    }
    this.#options = options as Record<string, unknown>;
  }

  /** The unchecked value; undefined if it is omitted. */
  raw(key: string): unknown {
    this.#known.add(key);
    return this.#options[key];
  }

  refuse(key: string, problem: string, fix: string): FlameError {
    return badOption(`${this.path}.${key}`, problem, fix);
  }

  /** A non-empty string. */
  text(key: string): string {
    const value = this.raw(key);
    if (typeof value === 'string' && value !== '') return value;
    throw this.refuse(
      key,
      value === undefined ? 'is missing' : `must be a non-empty string, but is ${show(value)}`,
      `Pass ${key} as a string.`,
    );
  }

  /** A non-empty string; undefined if it is omitted. */
  optionalText(key: string): string | undefined {
    return this.raw(key) === undefined ? undefined : this.text(key);
  }

  /** A list of strings; undefined if it is omitted. `example` is for the error. */
  texts(key: string, example: string): readonly string[] | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw this.refuse(key, `must be a list of strings, but is ${show(value)}`, `Pass a list of strings, such as ${example}.`);
  }

  /** A whole number of at least `least`. */
  count(key: string, least: number, fallback?: number): number {
    const value = this.raw(key) ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
    const problem = value === undefined ? 'is missing' : `must be a whole number of at least ${least}, but is ${show(value)}`;
    throw this.refuse(key, problem, `Pass ${key} as a number such as ${Math.max(least, 1)}.`);
  }

  /** A duration in milliseconds: above `least`, or equal to it if `inclusive`. `Infinity` means no limit. */
  duration(key: string, fallback: number, inclusive = false): number {
    return this.checkDuration(this.raw(key) ?? fallback, key, inclusive);
  }

  checkDuration(value: unknown, key: string, inclusive = false): number {
    if (typeof value === 'number' && (value > 0 || (inclusive && value === 0))) return value;
    const problem = `must be a time in milliseconds ${inclusive ? 'of 0 or more' : 'above 0'}, but is ${show(value)}`;
    throw this.refuse(key, problem, 'Pass a number such as 30_000, or Infinity for no limit.');
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.raw(key) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.refuse(key, `must be true or false, but is ${show(value)}`, 'Pass true or false.');
  }

  /** One of a few words. */
  choice<T extends string>(key: string, words: readonly T[], fallback: T): T {
    const value = this.raw(key) ?? fallback;
    if ((words as readonly unknown[]).includes(value)) return value as T;
    throw this.refuse(key, `must be one of ${words.map((word) => `'${word}'`).join(', ')}, but is ${show(value)}`, 'Pass one of these.');
  }

  hook<F>(key: string): F | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'function') return value as F | undefined;
    throw this.refuse(key, `must be a function, but is ${show(value)}`, 'Pass a function, or omit it.');
  }

  /** Refuses keys that were not read. */
  done(): void {
    for (const key of Object.keys(this.#options)) {
      if (this.#known.has(key)) continue;
      const near = nearest(key, this.#known);
      const question = near === undefined ? '' : `Did you mean ${near}? `;
      throw this.refuse(key, 'is not an option', `${question}The options are: ${[...this.#known].join(', ')}.`);
    }
  }
}
