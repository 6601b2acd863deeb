import { AsyncLocalStorage } from 'node:async_hooks';
import { FlameError } from '../../core/errors/flame-error.js';
import type { ActiveCall } from './active-call.js';

const current = new AsyncLocalStorage<FlameCall>();

/** Runs `task` so that `FlameCall.current()` inside it is `call`. */
export function runAs<T, A extends unknown[]>(call: FlameCall, task: (...args: A) => T, ...args: A): T {
  return current.run(call, task, ...args);
}

/** Properties that are read of any value: by `await`, by code that prints or compares values, and by Nest of a request. */
const askedOfAll: readonly string[] = ['then', 'toJSON', 'raw', 'href', 'length', 'asymmetricMatch', 'nodeType', 'tagName', '$$typeof'];

let readCall: (call: FlameCall) => ActiveCall;

/** The call that the current code belongs to, with all that the library knows of it. */
export function currentWork(): ActiveCall | undefined {
  const call = current.getStore();
  return call && readCall(call);
}

/**
 * The prototype of `FlameCall`. Request-scoped providers are given the call as their request: a property that a request has and a call has
 * not must throw, and not be undefined.
 */
const notARequest = new Proxy(Object.prototype, {
  get(target, key, receiver) {
    if (typeof key === 'symbol' || key in target || askedOfAll.includes(key) || key.startsWith('@@'))
      return Reflect.get(target, key, receiver) as unknown;
    throw new FlameError(
      'FLAME_CONFIG',
      `"${key}" was looked for in the request, but on a runner there is none: a FlameCall is in its place, and has no "${key}". ` +
        `Let what the handler needs of a request travel with FlameModule's option \`context\` (docs/context.md), or pass it as an argument.`,
      { ran: 'maybe' },
    );
  },
});

/**
 * The call that the current code belongs to, for a handler and all code that it calls. On a runner it is also what `REQUEST` injects.
 *
 * @throws {FlameError} FLAME_CONFIG when a property is read that it does not have. `in` tells whether it has one; others can be set.
 */
export class FlameCall {
  static {
    Object.setPrototypeOf(this.prototype, notARequest);
    readCall = (call) => call.#call;
  }

  readonly #call: ActiveCall;
  // Own properties, so that code that lists, copies or prints a request finds them.
  /** Unique within the runner's session. */
  readonly id: number;
  /** The pool's name; empty in a call from another instance (`nestjs-flame/rpc`), which belongs to no pool. */
  readonly pool: string;
  /** The runner's id, or the instance's. */
  readonly runnerId: string;
  /** 1 for the first attempt, more for a retry. */
  readonly attempt: number;

  constructor(call: ActiveCall) {
    this.#call = call;
    this.id = call.id;
    this.pool = call.place.pool;
    this.runnerId = call.place.runnerId;
    this.attempt = call.attempt;
  }

  /** The call that the current code belongs to; undefined outside of a handler. */
  static current(): FlameCall | undefined {
    return current.getStore();
  }

  /**
   * Aborts when the call's time is up, its caller is gone, or the runner must leave; the reason is a FlameError that tells which. A handler
   * that does not end within a second of the abort costs its runner.
   */
  get signal(): AbortSignal {
    return this.#call.signal;
  }

  /** The call's deadline in milliseconds since 1970; Infinity for no limit. */
  get deadline(): number {
    return this.#call.deadline;
  }

  /**
   * Sends a value to the caller's `onProgress` (`flame.on(pool, Service, { onProgress })`), in order and before the result.
   * Has no effect where the caller gave no `onProgress`, and once the call is over.
   *
   * @throws {FlameError} FLAME_ENCODING when the value cannot cross.
   */
  progress(value: unknown): void {
    this.#call.place.progress(this.#call, value);
  }

  /**
   * Ends the child that this call belongs to, from one of its methods or from code that its `onFlameStart` has started. Its running methods
   * get a second to finish; then its `onFlameStop` is called, its slot is free, and its `exited` resolves with `'ended'` and this reason.
   *
   * @throws {FlameError} FLAME_CONFIG in a call that belongs to no child.
   */
  end(reason = 'it ended by itself'): void {
    this.#call.end(reason);
  }
}
