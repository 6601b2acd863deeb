import { AsyncLocalStorage } from 'node:async_hooks';
import { FlameError } from '../../core/errors/flame-error.js';
import type { ActiveCall } from './active-call.js';

const current = new AsyncLocalStorage<FlameCall>();

/** Runs `task` so that `FlameCall.current()` inside it is `call`. */
export function runAs<T, A extends unknown[]>(call: FlameCall, task: (...args: A) => T, ...args: A): T {
  return current.run(call, task, ...args);
}

/** What is looked for on any value: by `await`, by what prints or compares values, and by Nest in a request. */
const askedOfAll: readonly string[] = ['then', 'toJSON', 'raw', 'href', 'length', 'asymmetricMatch', 'nodeType', 'tagName', '$$typeof'];

let readWork: (call: FlameCall) => ActiveCall;

/** The work that the code around is part of: what `FlameCall.current()` shows of it, and what it does not. */
export function currentWork(): ActiveCall | undefined {
  const call = current.getStore();
  return call && readWork(call);
}

/**
 * What `FlameCall` inherits from. Providers that are request-scoped are given the call as their request: what they look for in a request, and a call
 * does not have, must not be undefined without a word.
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
 * The call that the code around is part of: what a handler can learn of it, wherever in its call tree. It is what `REQUEST` is on a runner.
 *
 * @throws {FlameError} FLAME_CONFIG when a property is read that it does not have. `in` says which it has; others can be set.
 */
export class FlameCall {
  static {
    Object.setPrototypeOf(this.prototype, notARequest);
    readWork = (call) => call.#work;
  }

  readonly #work: ActiveCall;
  // Properties of its own, so that what lists, copies or prints a request finds a call, and not nothing.
  /** Unique within the runner's session. */
  readonly id: number;
  /** The pool's name; empty in a call from another instance (`nestjs-flame/rpc`), which belongs to no pool. */
  readonly pool: string;
  /** The runner's id, or the instance's. */
  readonly runnerId: string;
  /** 1 for the first attempt; more when the handler is one that is retried. */
  readonly attempt: number;

  constructor(work: ActiveCall) {
    this.#work = work;
    this.id = work.id;
    this.pool = work.place.pool;
    this.runnerId = work.place.runnerId;
    this.attempt = work.attempt;
  }

  /** The call that runs here; undefined outside of a handler. */
  static current(): FlameCall | undefined {
    return current.getStore();
  }

  /**
   * Aborts when the call's time is up, its caller is gone, or the runner must leave; its reason is a FlameError that says which. A handler
   * that does not end within a second of it costs its runner.
   */
  get signal(): AbortSignal {
    return this.#work.signal;
  }

  /** When the call's time is up, in milliseconds since 1970; Infinity for no limit. */
  get deadline(): number {
    return this.#work.deadline;
  }

  /**
   * Tells the caller how far this call is: `flame.on(pool, Service, { onProgress })` is given what is told here, in its order and before the result.
   * Where nobody listens, and once the call is over, nothing happens.
   *
   * @throws {FlameError} FLAME_ENCODING when the value cannot cross.
   */
  progress(value: unknown): void {
    this.#work.place.progress(this.#work, value);
  }

  /**
   * Ends the child that this call belongs to, from one of its methods or from what its `onFlameStart` has begun. Its running methods may come to their end,
   * for a second; then its `onFlameStop` is called, its slot is free, and its `exited` says `'ended'` with this reason.
   *
   * @throws {FlameError} FLAME_CONFIG in a call that is no child's.
   */
  end(reason = 'it ended by itself'): void {
    this.#work.end(reason);
  }
}
