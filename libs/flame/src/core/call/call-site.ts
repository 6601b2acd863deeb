import { thrownWords } from '../codec/thrown-words.js';
import { FlameError, withDeepStacks } from '../errors/flame-error.js';

/** The stack of the code that made a call, captured by V8 in an object. V8 formats it when it is first read. */
export interface CallSite {
  readonly stack?: unknown;
}

/** How many stacks may be captured in a row, and the milliseconds after which one more is allowed. */
const burst = 16;
const interval = 1;

/**
 * Captures the stacks of callers when they make calls. A stack costs some microseconds, so a busy pool captures a stack for at most a
 * thousand calls a second. Without a captured stack, `failing` still finds a caller that awaits its call, but not one that only returns the
 * promise.
 */
export class CallSites {
  /** The clock's last reading. So a call does not read the clock again only for this. */
  now = 0;
  #left = burst;
  #at = 0;

  /** `above` is the function whose callers are captured. `far`: many frames of other code lie between `above` and the app's code. */
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

/**
 * Where an error was created: in this process, with a stack that does not lead to the app (`us`), or in a handler, whose stack came with
 * the error.
 */
export type MadeBy = 'us' | 'handler';

const found = new WeakSet<object>();

/**
 * Rejects with `error`. Its stack then leads to the code that made the call: `site`, or, if that is undefined, the code that awaits this
 * promise or a promise resolved with it. A call has no cost for this until it fails.
 */
export async function failing(error: unknown, site: CallSite | undefined, madeBy: MadeBy): Promise<never> {
  if (!site) {
    // After this, a promise that is resolved with this one waits for it. V8 follows a promise that has a single waiter.
    await undefined;
    await undefined;
    site = {};
    Error.captureStackTrace(site, failing);
  }
  addCaller(error, site, madeBy);
  throw error;
}

/**
 * Adds the stack lines of the caller to an error, once. They replace the lines of an error made here, because those lead to a timer or a
 * socket.
 */
export function addCaller(error: unknown, site: CallSite, madeBy: MadeBy): void {
  if (!(error instanceof Error) || found.has(error)) return;
  const { stack } = site;
  const lines = typeof stack === 'string' ? stack.slice(stack.indexOf('\n')) : '';
  if (!lines.startsWith('\n    at ')) return;
  found.add(error);
  const own: unknown = madeBy === 'us' && error instanceof FlameError ? `${error.name}: ${error.message}` : error.stack;
  // An app's error may have anything as its stack.
  const before = typeof own === 'string' ? own : thrownWords(error);
  Reflect.defineProperty(error, 'stack', { value: `${before}${lines}`, configurable: true, writable: true });
}
