import { AsyncResource } from 'node:async_hooks';
import type { CallTrace } from './call-tracer.js';
import { afterLimit } from '../clock.js';
import type { Clock } from '../clock.js';
import type { FlameError } from '../errors/flame-error.js';
import type { AbortListeners } from './abort-listeners.js';
import { failing } from './call-site.js';

/** What a `CallScope` needs. */
export interface CallScopeSetup {
  readonly clock: Clock;
  readonly listeners: AbortListeners;
  /** Gets the progress of the call, in the async context in which the scope was made. */
  readonly onProgress?: ((value: unknown) => void) | undefined;
  /** Gets the errors that `onProgress` throws. */
  readonly warn?: (error: unknown) => void;
  /** The call's span. It ends with the answer of the call, or with the scope. */
  readonly record?: CallTrace | undefined;
}

/**
 * The life of one call, wherever its work runs: its deadline, the signals that end it, its progress and its span.
 *
 * The first event that ends the scope also gives the error for the caller. This error is the reason of `signal`, too. The owner closes the
 * scope when the call has an answer, or at the end of the streams of that answer. A call of a pool has its deadlines in the pool machine
 * (`core/pool`), and everything else here.
 *
 * After `protocol/signals.ts` of connect-es.
 */
export class CallScope {
  /** The deadline of the call, on the scope's clock; Infinity for no limit. */
  at = Infinity;
  readonly #setup: CallScopeSetup;
  readonly #onProgress: ((value: unknown) => unknown) | undefined;
  readonly #releases: (() => void)[] = [];
  #controller: AbortController | undefined;
  #reason: FlameError | undefined;
  readonly #actions: ((error: FlameError) => void)[] = [];
  #closed = false;
  #answered = false;

  constructor(setup: CallScopeSetup) {
    this.#setup = setup;
    this.#onProgress = setup.onProgress && AsyncResource.bind(setup.onProgress);
  }

  /** The call's span; undefined if the call is not recorded. */
  get record(): CallTrace | undefined {
    return this.#setup.record;
  }

  /** True while the caller gets progress. */
  get takesProgress(): boolean {
    return this.#onProgress !== undefined && !this.#closed;
  }

  /** The error that ended the call; undefined if none did. */
  get reason(): FlameError | undefined {
    return this.#reason;
  }

  /** Milliseconds until the deadline; Infinity for no limit. */
  get left(): number {
    return this.at - this.#setup.clock.now();
  }

  /** Aborts when the scope ends, with the error as its reason. Created on first access. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /**
   * Ends the scope after `timeout` milliseconds, at once if `timeout` is 0. Time under a debugger does not count. If there are several
   * limits, the earliest counts.
   */
  limit(timeout: number, timedOut: () => FlameError): void {
    if (timeout === Infinity || this.#closed) return;
    const { clock } = this.#setup;
    this.at = Math.min(this.at, clock.now() + timeout);
    if (timeout <= 0 && !clock.debugged?.()) this.end(timedOut());
    else this.#releases.push(afterLimit(clock, Math.max(0, timeout), () => this.end(timedOut())));
  }

  /** Ends the scope when `signal` aborts, at once if it is aborted already. */
  follow(signal: AbortSignal | undefined, cancelled: (signal: AbortSignal) => FlameError): void {
    if (!signal || this.#closed) return;
    if (signal.aborted) this.end(cancelled(signal));
    else this.#releases.push(this.#setup.listeners.follow(signal, () => this.end(cancelled(signal))));
  }

  /** Calls `release` when the scope ends or is closed. */
  onRelease(release: (() => void) | undefined): void {
    if (release) this.#releases.push(release);
  }

  /** Calls `action` when the scope ends, at once if it has ended already. */
  whenEnded(action: (error: FlameError) => void): void {
    if (this.#reason) action(this.#reason);
    else this.#actions.push(action);
  }

  /** Ends the call with the error that its caller gets. Only the first end counts. Has no effect on a closed scope. */
  end(error: FlameError): void {
    if (this.#closed) return;
    this.#reason = error;
    this.close(error);
    this.#controller?.abort(error);
    for (const action of this.#actions) action(error);
  }

  /** Settles as `work` does, or rejects with the error that ends the scope before. */
  within<T>(work: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let pending = true;
      this.whenEnded((error) => void (pending && resolve(failing(error, undefined, 'us'))));
      work.then(
        (value) => {
          pending = false;
          resolve(value);
        },
        (error) => {
          pending = false;
          reject(error as Error);
        },
      );
    });
  }

  /** Passes progress to the caller. Has no effect after the scope is over. */
  progress(value: unknown): void {
    if (!this.#onProgress || this.#closed) return;
    const failed = (error: unknown): void => this.#setup.warn?.(error);
    try {
      // The result of an async callback is not awaited, but its rejection must not end the process.
      Promise.resolve(this.#onProgress(value)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** The call has an answer, or failed with `error`, so its span ends. The streams of the answer are still in the scope. Idempotent. */
  answered(error?: unknown): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#setup.record?.ended(error);
  }

  /** The call is over, or failed with `error`. From now on nothing ends the scope. Idempotent. */
  close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const release of this.#releases.splice(0)) release();
    this.answered(error);
  }
}
