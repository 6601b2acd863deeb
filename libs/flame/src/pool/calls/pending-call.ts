import { addCaller, failing } from '../../core/call/call-site.js';
import type { CallSite, MadeBy } from '../../core/call/call-site.js';
import type { CallScope } from '../../core/call/call-scope.js';
import type { CarriedTrace } from '../../core/call/call-tracer.js';
import type { CallMode } from '../../core/session/frame.js';
import { PoolCall } from '../../core/pool/entries.js';
import type { Sources } from '../../streams/value-encoder.js';

/** The options of a call. */
export interface CallOptions {
  /** Time for waiting, booting and running together, in milliseconds. If left out, each of these has its own limit. */
  timeout?: number;
  /** Time for the handler to run, in milliseconds; the handler's own, or the pool's, if left out. */
  handlerTimeout?: number;
  /** Ends the call at once, and aborts its handler if it runs and the work is linked. */
  signal?: AbortSignal;
  /**
   * If true, the work ends when its caller is gone.
   *
   * @default true
   */
  linked?: boolean;
  /** The most attempts for a call that gets no runner. With `idempotent`, a call that was lost with its runner is repeated, too. */
  retry?: { attempts: number };
  /** The handler may run twice without harm. `retry` then also repeats calls that may have run. */
  idempotent?: boolean;
  /** Gets the values that the handler passes to `FlameCall.current().progress`, in order and before the result. Its errors are logged. */
  onProgress?: (value: unknown) => void;
  /** Whether the resources in the result are tracked; the handler or the pool says if left out. */
  tracks?: boolean;
  /** The result is a stream that is read at once, so the call already requests the first items. */
  reads?: boolean;
  /** The stack of the code that asked for the call, for its errors. If left out, the pool captures one when the call is made. */
  site?: CallSite;
}

/** The parts of a pending call. */
export interface CallSetup {
  readonly id: number;
  /** `Class.method`, for logs and errors. */
  readonly label: string;
  /** The handler's number in the manifest. */
  readonly handler: number;
  readonly args: Uint8Array;
  readonly mode: CallMode;
  readonly attempt: number;
  readonly linked: boolean;
  /** True if `retry` and `idempotent` would repeat the call, but are not set. */
  readonly repeatable?: boolean;
  /** How long it may wait, how long its handler may run, and both together, in milliseconds. Infinity for no limit. */
  readonly queueTimeout: number;
  readonly handlerTimeout: number;
  readonly timeout: number;
  /** The streams and signals in the arguments. */
  readonly sources: Sources | undefined;
  readonly reads: boolean;
  readonly tracks?: boolean | undefined;
  /** The part of the caller's context that travels. */
  readonly context: Uint8Array | undefined;
  /** The part of the caller's trace that travels. */
  readonly trace?: CarriedTrace;
  /** The signals that end the call, its progress and its span; undefined for a call without any of them. */
  readonly scope: CallScope | undefined;
  /** The stack of the code that made the call, if it was captured. */
  readonly site?: CallSite | undefined;
  /** For a method of a child: the call that placed the child, and the method's name. `handler` is then the child's class. */
  readonly child?: number;
  readonly method?: string;
}

/**
 * A call with its caller's promise and its encoded arguments. The promise settles once. If a cast fails when its caller no longer awaits
 * it, `onLate` gets the error, once. A call that streams can fail after its answer: `onFail` gets that error.
 */
export class PendingCall extends PoolCall {
  promise: Promise<unknown>;
  /** The result contains streams that have neither ended nor failed. */
  streaming = false;
  /** The error of the call; undefined if it has not failed. */
  failure: { readonly error: unknown } | undefined;
  onFail: ((error: unknown) => void) | undefined;
  /** Called when the runner has confirmed the end of the call. */
  onOver: (() => void) | undefined;
  #resolve!: (value: unknown) => void;
  #answered: (() => void)[] | undefined;
  #onLate: ((error: unknown, call: PendingCall) => void) | undefined;
  #settled = false;

  constructor(
    readonly setup: CallSetup,
    onLate?: (error: unknown, call: PendingCall) => void,
  ) {
    super(setup.id, setup.label, setup.queueTimeout, setup.handlerTimeout, setup.timeout, setup.linked, setup.repeatable);
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
    const { site } = this.setup;
    if (this.#settled && site) addCaller(error, site, madeBy);
    this.onFail?.(error);
    if (!this.#settled) {
      this.#settled = true;
      this.#answer(error);
      this.#resolve(failing(error, site, madeBy));
      return;
    }
    this.setup.scope?.close(error);
    this.#onLate?.(error, this);
    this.#onLate = undefined;
  }

  /** Calls `answered` just before the caller gets the answer. Only the caller may await `promise`, so that an error's stack leads to it. */
  whenAnswered(answered: () => void): void {
    (this.#answered ??= []).push(answered);
  }

  #answer(error?: unknown): void {
    for (const answered of this.#answered ?? []) queueMicrotask(answered);
    if (!this.setup.scope) return;
    // An error's stack leads to the caller only after that.
    if (this.failure) queueMicrotask(() => this.#closeScope(error));
    else this.#closeScope();
  }

  #closeScope(error?: unknown): void {
    const { scope, mode } = this.setup;
    if (this.streaming || (mode !== 'call' && !this.failure)) scope!.answered();
    else scope!.close(error);
  }

  /** Drops the delivered result. Then only the caller holds it, and it can be garbage-collected while the call is held. */
  forget(): void {
    this.promise = forgotten;
    this.#resolve = doNothing;
  }

  /** The call sends nothing more. */
  over(): void {
    this.streaming = false;
    this.onOver?.();
    this.onOver = undefined;
    // The scope of a call that failed is closed with the error, by `reject` or `#answer`.
    if (this.#settled && !this.failure) this.setup.scope?.close();
  }
}

const forgotten = Promise.resolve();

function doNothing(): void {}
