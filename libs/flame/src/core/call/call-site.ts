import { FlameError, withDeepStacks } from '../errors/flame-error.js';

/** The stack of the code that made a call, as an object that V8 writes it to. It is put into words when it is first read. */
export interface CallSite {
  readonly stack?: unknown;
}

/** Stacks that are taken in a row, and how long it takes until there may be one more, in milliseconds. */
const burst = 16;
const interval = 1;

/**
 * Takes the stacks of callers while they make calls. A stack costs some microseconds, so that a busy pool has one for a thousand calls a
 * second at most. A caller that awaits its call is found without (`failing`); one that returns the promise is not.
 */
export class CallSites {
  /** What the clock said last; a call does not read it once more for this. */
  now = 0;
  #left = burst;
  #at = 0;

  /** `above` is the function in the stack whose callers are wanted. `far`: many functions of others are between it and the app's code. */
  take(above: Function, far = false): CallSite | undefined {
    this.#left = Math.min(burst, this.#left + (this.now - this.#at) / interval);
    this.#at = this.now;
    if (this.#left < 1) return undefined;
    this.#left--;
    const site: CallSite = {};
    if (far) withDeepStacks(() => Error.captureStackTrace(site, above));
    else Error.captureStackTrace(site, above);
    return site;
  }
}

/** Where an error was made: in this process, in the middle of nowhere, or by code whose stack came with it. */
export type MadeBy = 'us' | 'handler';

const found = new WeakSet<object>();

/**
 * Fails with `error`, whose stack then leads to the code that made the call: `site`, or, where that is unknown, who awaits this promise, or
 * one that is resolved with it. This costs a call nothing before it fails.
 */
export async function failing(error: unknown, site: CallSite | undefined, madeBy: MadeBy): Promise<never> {
  if (!site) {
    // By then, a promise that is resolved with this one hangs on it. V8 follows promises that one thing alone waits for.
    await undefined;
    await undefined;
    site = {};
    Error.captureStackTrace(site, failing);
  }
  addCaller(error, site, madeBy);
  throw error;
}

/**
 * Adds the caller's lines to the stack of an error, once. Those of an error made here are replaced, since they lead to a timer or a socket.
 */
export function addCaller(error: unknown, site: CallSite, madeBy: MadeBy): void {
  if (!(error instanceof Error) || found.has(error)) return;
  const { stack } = site;
  const lines = typeof stack === 'string' ? stack.slice(stack.indexOf('\n')) : '';
  if (!lines.startsWith('\n    at ')) return;
  found.add(error);
  const before = madeBy === 'us' && error instanceof FlameError ? `${error.name}: ${error.message}` : error.stack;
  Reflect.defineProperty(error, 'stack', { value: `${before}${lines}`, configurable: true, writable: true });
}
