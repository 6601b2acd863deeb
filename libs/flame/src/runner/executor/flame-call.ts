import { AsyncLocalStorage } from 'node:async_hooks';
import { FlameError } from '../../core/errors/flame-error.js';
import type { ActiveCall } from './active-call.js';

const current = new AsyncLocalStorage<FlameCall>();

/** Runs `task` so that `FlameCall.current()` inside it is `call`. */
export function runAs<T, A extends unknown[]>(call: FlameCall, task: (...args: A) => T, ...args: A): T {
  return current.run(call, task, ...args);
}

/** Properties that some code reads of any value: `await`, code that prints or compares values, and Nest for a request. */
const askedOfAll: readonly string[] = ['then', 'toJSON', 'raw', 'href', 'length', 'asymmetricMatch', 'nodeType', 'tagName', '$$typeof'];

let readCall: (call: FlameCall) => ActiveCall;

/** The call that the current code belongs to, in its internal form. */
export function currentCall(): ActiveCall | undefined {
  const call = current.getStore();
  return call && readCall(call);
}

/**
 * The prototype of `FlameCall`. Request-scoped providers get the call as their request. If code reads a property that only a request has,
 * it must get an error, and not undefined.
 */
const notARequest = new Proxy(Object.prototype, {
  get(target, key, receiver) {
    if (typeof key === 'symbol' || key in target || askedOfAll.includes(key) || key.startsWith('@@'))
      return Reflect.get(target, key, receiver) as unknown;
    throw new FlameError(
      'FLAME_CONFIG',
      `"${key}" was read from the request, but a runner has no request: it has a FlameCall instead, which has no "${key}". ` +
        `Send the values that the handler needs with FlameModule's option \`context\` (docs/context.md), or pass them as arguments.`,
      { ran: 'maybe' },
    );
  },
});

/**
 * The call that the current code belongs to, for a handler and all code that it calls. On a runner, `REQUEST` injects it as well.
 *
 * @throws {FlameError} FLAME_CONFIG when code reads a property that the call does not have. `in` tells whether it has a property; other
 * properties can be set.
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
  /** The id of the runner or of the instance. */
  readonly runnerId: string;
  /** 1 for the first attempt, more for a retry. */
  readonly attempt: number;

  constructor(call: ActiveCall) {
    this.#call = call;
    this.id = call.id;
    this.pool = call.host.pool;
    this.runnerId = call.host.runnerId;
    this.attempt = call.attempt;
  }

  /** The call that the current code belongs to; undefined outside of a handler. */
  static current(): FlameCall | undefined {
    return current.getStore();
  }

  /**
   * Aborts when the call's time is up, its caller is gone, or the runner must leave. The reason is a FlameError that says which. If a
   * handler does not end within a second of the abort, its runner takes no new calls and ends when its other work is done.
   */
  get signal(): AbortSignal {
    return this.#call.signal;
  }

  /** The call's deadline in milliseconds since 1970; Infinity for no limit. */
  get deadline(): number {
    return this.#call.deadline;
  }

  /**
   * Sends a value to the caller's `onProgress` (`flame.on(pool, Service, { onProgress })`), in order and before the result. Has no effect
   * if the caller gave no `onProgress`, or once the call is over.
   *
   * @throws {FlameError} FLAME_ENCODING when the value cannot cross.
   */
  progress(value: unknown): void {
    this.#call.host.progress(this.#call, value);
  }

  /**
   * Ends the child that this call belongs to, from one of its methods or from code that its `onFlameStart` has started. The child's running
   * methods get a second to finish. Then its `onFlameStop` is called, its slot becomes free, and its `exited` resolves with `'ended'` and
   * this reason.
   *
   * @throws {FlameError} FLAME_CONFIG in a call that belongs to no child.
   */
  end(reason = 'it ended by itself'): void {
    this.#call.end(reason);
  }
}
