import { addCaller, failing } from '../../core/call/call-site.js';
import type { CallSite, MadeBy } from '../../core/call/call-site.js';
import type { CallScope } from '../../core/call/call-scope.js';
import type { CarriedTrace } from '../../core/call/call-tracer.js';
import type { CallMode } from '../../core/session/frame.js';
import { PoolCall } from '../../core/pool/entries.js';
import type { Sources } from '../../streams/value-encoder.js';

/** What a call is made with, besides its arguments. */
export interface CallOptions {
  /** Time for waiting, booting and running together, in milliseconds. Left out, each has its own clock. */
  timeout?: number;
  /** Time that the handler may run, in milliseconds; the pool's `timeout` when left out. */
  handlerTimeout?: number;
  /** Ends the call: while it waits at once, while it runs by aborting the handler, if the work is linked. */
  signal?: AbortSignal;
  /**
   * Whether the work ends when its caller goes.
   *
   * @default true
   */
  linked?: boolean;
  /** Repeat a call that got no runner: as many attempts in all. With `idempotent` also one that was lost with its runner. */
  retry?: { attempts: number };
  /** The handler may run twice without harm: `retry` repeats also what may have run. */
  idempotent?: boolean;
  /** Told what the handler gives to `FlameCall.current().progress`, in its order and before the result. What it throws is logged. */
  onProgress?: (value: unknown) => void;
  /** The result is a stream that will be read at once: its first items are asked for with the call. */
  reads?: boolean;
}

/** What a pending call is made of. */
export interface CallOrder {
  readonly id: number;
  /** `Class.method`, for people. */
  readonly label: string;
  /** The handler's number in the manifest. */
  readonly handler: number;
  readonly args: Uint8Array;
  readonly mode: CallMode;
  readonly attempt: number;
  readonly linked: boolean;
  /** How long it may wait, how long its handler may run, and both together, in milliseconds; Infinity for no limit. */
  readonly queueTimeout: number;
  readonly handlerTimeout: number;
  readonly timeout: number;
  /** The streams and signals among the arguments. */
  readonly sources: Sources | undefined;
  readonly reads: boolean;
  /** What travels of the caller's context. */
  readonly context: Uint8Array | undefined;
  /** What travels of the caller's trace. */
  readonly trace?: CarriedTrace;
  /** What ends the call from outside, its progress and its span; undefined for a call that has none of them. */
  readonly scope: CallScope | undefined;
  /** Where it was made, if that was taken down. */
  readonly site?: CallSite | undefined;
  /** For the method of a child: the call that placed it, and the method's name. `handler` is then the child's class. */
  readonly child?: number;
  readonly method?: string;
}

/**
 * A call with its caller's promise and its encoded arguments. The promise settles once; a failure that comes when nobody
 * awaits a cast any more goes to `onLate`, once. A call that streams can fail after its answer: `onFail` is told.
 */
export class PendingCall extends PoolCall {
  promise: Promise<unknown>;
  /** Its result streams, and the streams have neither ended nor failed. */
  streaming = false;
  /** Why it failed; undefined for a call that has not. */
  failure: { readonly error: unknown } | undefined;
  onFail: ((error: unknown) => void) | undefined;
  /** Told when the runner has confirmed the end of the call. */
  onOver: (() => void) | undefined;
  #resolve!: (value: unknown) => void;
  #answered: (() => void)[] | undefined;
  #onLate: ((error: unknown, call: PendingCall) => void) | undefined;
  #settled = false;

  constructor(
    readonly order: CallOrder,
    onLate?: (error: unknown, call: PendingCall) => void,
  ) {
    super(order.id, order.label, order.queueTimeout, order.handlerTimeout, order.timeout, order.linked);
    this.#onLate = onLate;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  resolve(value: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#answer();
    this.#resolve(value);
  }

  reject(error: unknown, madeBy: MadeBy = 'us'): void {
    this.failure ??= { error };
    this.over();
    const { site } = this.order;
    if (this.#settled && site) addCaller(error, site, madeBy);
    this.onFail?.(error);
    if (!this.#settled) {
      this.#settled = true;
      this.#answer(error);
      this.#resolve(failing(error, site, madeBy));
      return;
    }
    this.order.scope?.close(error);
    this.#onLate?.(error, this);
    this.#onLate = undefined;
  }

  /** Calls `answered` just before the caller has the answer. The promise is the caller's alone: so the stack of an error leads there. */
  whenAnswered(answered: () => void): void {
    (this.#answered ??= []).push(answered);
  }

  #answer(error?: unknown): void {
    for (const answered of this.#answered ?? []) queueMicrotask(answered);
    const { scope, mode } = this.order;
    if (!scope) return;
    // By then the error's stack leads to the caller.
    queueMicrotask(() => {
      if (this.streaming || (mode !== 'call' && !this.failure)) scope.answered();
      else scope.close(error);
    });
  }

  /** Drops the result, once it is delivered: what is in it is the caller's alone, and may be collected while the call is held. */
  forget(): void {
    this.promise = forgotten;
    this.#resolve = doNothing;
  }

  /** Nothing more is to come. */
  over(): void {
    this.streaming = false;
    this.onOver?.();
    this.onOver = undefined;
    // The scope of a call that failed is closed with the error, by `reject` or `#answer`.
    if (this.#settled && !this.failure) this.order.scope?.close();
  }
}

const forgotten = Promise.resolve();

function doNothing(): void {}
