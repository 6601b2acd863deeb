import { AsyncResource } from 'node:async_hooks';
import type { CallTrace } from './call-tracer.js';
import { afterLimit } from '../clock.js';
import type { Clock } from '../clock.js';
import type { FlameError } from '../errors/flame-error.js';
import type { AbortListeners } from './abort-listeners.js';
import { failing } from './call-site.js';

/** What a call is bounded with. */
export interface CallScopeSetup {
  readonly clock: Clock;
  readonly listeners: AbortListeners;
  /** Told how far the call is, in the asynchronous context in which the scope was made. */
  readonly onProgress?: ((value: unknown) => void) | undefined;
  /** Told what `onProgress` threw. */
  readonly warn?: (error: unknown) => void;
  /** The call's span. It ends with the call's answer, or with the scope. */
  readonly record?: CallTrace | undefined;
}

/**
 * The life of one call, wherever its work runs: the deadline, the signals that end the call, its progress and its span. Whatever comes
 * first ends the scope, with the error that the caller gets. That error is also the reason of `signal`. The owner closes the scope once the
 * call has an answer, or at the end of what the answer streams. The deadlines of a pool's calls are the pool machine's (`core/pool`); all
 * else of them is here.
 *
 * After `protocol/signals.ts` of connect-es.
 */
export class CallScope {
  /** When the call's time is up, on the scope's clock; Infinity for no limit. */
  at = Infinity;
  readonly #setup: CallScopeSetup;
  readonly #onProgress: ((value: unknown) => unknown) | undefined;
  readonly #releases = new Set<() => void>();
  #controller: AbortController | undefined;
  #reason: FlameError | undefined;
  readonly #actions: ((error: FlameError) => void)[] = [];
  #closed = false;
  #answered = false;

  constructor(setup: CallScopeSetup) {
    this.#setup = setup;
    this.#onProgress = setup.onProgress && AsyncResource.bind(setup.onProgress);
  }

  /** The call's span; undefined for a call that is not recorded. */
  get record(): CallTrace | undefined {
    return this.#setup.record;
  }

  /** Whether the caller is told of progress now. */
  get takesProgress(): boolean {
    return this.#onProgress !== undefined && !this.#closed;
  }

  /** Why the call was ended; undefined for a call that was not. */
  get reason(): FlameError | undefined {
    return this.#reason;
  }

  /** Milliseconds until the deadline; Infinity for no limit. */
  get left(): number {
    return this.at - this.#setup.clock.now();
  }

  /** Aborts when the scope ends, with the error as its reason. Made when it is first asked for. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Ends the scope after `timeout` milliseconds without a debugger, at once if there are none. Of several limits the nearest counts. */
  limit(timeout: number, timedOut: () => FlameError): void {
    if (timeout === Infinity || this.#closed) return;
    const { clock } = this.#setup;
    this.at = Math.min(this.at, clock.now() + timeout);
    if (timeout <= 0 && !clock.debugged?.()) this.end(timedOut());
    else this.#releases.add(afterLimit(clock, Math.max(0, timeout), () => this.end(timedOut())));
  }

  /** Ends the scope when `signal` aborts, at once if it has. */
  follow(signal: AbortSignal | undefined, cancelled: (signal: AbortSignal) => FlameError): void {
    if (!signal || this.#closed) return;
    if (signal.aborted) this.end(cancelled(signal));
    else this.#releases.add(this.#setup.listeners.follow(signal, () => this.end(cancelled(signal))));
  }

  /** Calls `release` when the scope ends or is closed. */
  onRelease(release: (() => void) | undefined): void {
    if (release) this.#releases.add(release);
  }

  /** Calls `action` when the scope ends, at once if it has. */
  whenEnded(action: (error: FlameError) => void): void {
    if (this.#reason) action(this.#reason);
    else this.#actions.push(action);
  }

  /** Ends the call with what its caller gets. The first end counts; a closed scope has none. */
  end(error: FlameError): void {
    if (this.#closed) return;
    this.#reason = error;
    this.close(error);
    this.#controller?.abort(error);
    for (const action of this.#actions) action(error);
  }

  /** Gives what `work` gives, or fails with what ends the scope before. */
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

  /** Tells the caller how far the call is; nothing once the scope is over. */
  progress(value: unknown): void {
    if (!this.#onProgress || this.#closed) return;
    const failed = (error: unknown): void => this.#setup.warn?.(error);
    try {
      // An async callback is not awaited, but must not bring the process down either.
      Promise.resolve(this.#onProgress(value)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** The call has its answer, or failed with `error`: its span ends. What the answer streams is still within the scope. Idempotent. */
  answered(error?: unknown): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#setup.record?.ended(error);
  }

  /** The call is over, or failed with `error`: nothing ends the scope any more. Idempotent. */
  close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const release of this.#releases) release();
    this.#releases.clear();
    this.answered(error);
  }
}
