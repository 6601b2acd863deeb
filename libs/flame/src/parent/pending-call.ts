import type { WorkMode } from '../core/frame.js';
import { PoolCall } from '../core/pool/call.js';

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
  /** Repeat a call that was lost: as many attempts in all. Only those that certainly did not run, unless `idempotent`. */
  retry?: { attempts: number };
  /** The handler may run twice without harm: `retry` repeats also what may have run. */
  idempotent?: boolean;
}

/** What a pending call is made of. */
export interface CallOrder {
  readonly id: number;
  /** `Class.method`, for people. */
  readonly label: string;
  /** The handler's number in the manifest. */
  readonly handler: number;
  readonly args: Uint8Array;
  readonly mode: WorkMode;
  readonly attempt: number;
  readonly linked: boolean;
  /** The clocks, in milliseconds: waiting, running, both together. */
  readonly wait: number;
  readonly run: number;
  readonly overall: number;
}

/**
 * A call with its caller's promise and its encoded arguments. The promise settles once; a failure that comes when nobody
 * awaits a cast any more goes to `onLate`, once.
 */
export class PendingCall extends PoolCall {
  readonly promise: Promise<unknown>;
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;
  #onLate: ((error: unknown, call: PendingCall) => void) | undefined;
  #settled = false;

  constructor(
    readonly order: CallOrder,
    onLate?: (error: unknown, call: PendingCall) => void,
  ) {
    super(order.id, order.label, order.wait, order.run, order.overall, order.linked);
    this.#onLate = onLate;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  resolve(value: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#resolve(value);
  }

  reject(error: unknown): void {
    if (!this.#settled) {
      this.#settled = true;
      this.#reject(error);
    } else if (this.#onLate) {
      this.#onLate(error, this);
      this.#onLate = undefined;
    }
  }
}
