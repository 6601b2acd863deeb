import { AsyncResource } from 'node:async_hooks';
import { addCaller } from '../call/call-site.js';
import type { CallSite } from '../call/call-site.js';
import type { AbortListeners } from '../call/abort-listeners.js';
import { isThenable } from '../is-thenable.js';
import { withIndex } from './item-index.js';
import { ItemSource } from './item-source.js';
import type { Items } from './item-source.js';
import * as errors from './map-errors.js';

/** What became of one item. */
export type Settled<R> =
  | { readonly status: 'fulfilled'; readonly value: R; readonly index: number }
  | { readonly status: 'rejected'; readonly reason: unknown; readonly index: number };

/** The work on one item. `signal` aborts when its result is of no use any more; it is the same for all items. */
export type RunItem<T, R> = (item: T, index: number, signal: AbortSignal) => PromiseLike<R> | R;

/** The options of a `ConcurrentMap`. */
export interface MapSetup {
  /** For errors. */
  readonly name: string;
  /** The most items at a time: whose work runs, whose result is not read yet, or whose result the reader works on. */
  readonly concurrency: number;
  /** Whether results come in the order of the items; otherwise they come as they complete. */
  readonly ordered: boolean;
  /** Whether the results are `Settled`, so that no item's failure ends the map. */
  readonly settle: boolean;
  /** Ends the map when it aborts. */
  readonly signal?: AbortSignal | undefined;
  readonly listeners: AbortListeners;
  /** The stack of the code that made the map, for errors. */
  readonly site: CallSite;
}

interface Reader<V> {
  resolve(result: IteratorResult<V, undefined>): void;
  reject(error: unknown): void;
}

/**
 * Runs work on the items of a source, several at a time, and gives the results. It can be iterated once, begins with the first read, and
 * calls source and work in the async context in which it was made.
 *
 * An item counts from the moment it is taken from the source until the reader asks for the result after its own. At most `concurrency` items
 * count at a time, so a slow reader holds back the work, and the work the source. With a `concurrency` of 1, reader and work take turns.
 *
 * The map ends early for one of four reasons. Each aborts the work that runs and calls the source's `return()`:
 *
 * - An item fails, without `settle`: the results that could already be read come first, then the error is thrown, with its item's `index`.
 * - The source throws: the same, without an index. With `settle` the items that it gave before are finished first.
 * - `signal` aborts: the next read throws `FLAME_CANCELLED`, and unread results are dropped.
 * - The reader leaves.
 */
export class ConcurrentMap<T, R> implements AsyncIterableIterator<R | Settled<R>, undefined> {
  readonly #source: ItemSource<T>;
  readonly #run: RunItem<T, R>;
  readonly #setup: MapSetup;
  readonly #scope = new AsyncResource('FLAMEMAP');
  readonly #abort = new AbortController();
  /** The unread results by index, in the order in which they came. */
  readonly #ready = new Map<number, R | Settled<R>>();
  readonly #readers: Reader<R | Settled<R>>[] = [];
  /** `drained`: the source gives no more, and the last items run. `over`: no result comes any more. */
  #state: 'new' | 'open' | 'drained' | 'over' = 'new';
  #pulling = false;
  #taken = 0;
  #running = 0;
  #read = 0;
  /** The error that is still to be thrown. */
  #failure: { readonly error: unknown } | undefined;
  #left: Promise<void> | undefined;
  #unfollow: (() => void) | undefined;

  constructor(items: Items<T>, run: RunItem<T, R>, setup: MapSetup) {
    this.#source = new ItemSource(items);
    this.#run = run;
    this.#setup = setup;
  }

  next(): Promise<IteratorResult<R | Settled<R>, undefined>> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      if (this.#state === 'new') this.#open();
      this.#serve();
    });
  }

  /** Resolves when the source has cleaned up, and not when the aborted work has: its results have no reader. */
  async return(): Promise<IteratorResult<R | Settled<R>, undefined>> {
    this.#drop(undefined, errors.notRead(this.#setup.name));
    await this.#left;
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<R | Settled<R>, undefined>> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #open(): void {
    this.#state = 'open';
    const { signal, listeners, name, site } = this.#setup;
    if (!signal) return;
    const cancel = (): void => {
      const error = errors.cancelled(name, signal, this.#taken > 0);
      addCaller(error, site, 'us');
      this.#drop({ error }, signal.reason);
    };
    if (signal.aborted) cancel();
    else this.#unfollow = listeners.follow(signal, cancel);
  }

  /** Gives results to readers, and takes more items in place of these. */
  #serve(): void {
    while (this.#readers.length > 0) {
      const index = this.#setup.ordered ? this.#read : this.#ready.keys().next().value;
      if (index === undefined || !this.#ready.has(index)) break;
      const value = this.#ready.get(index) as R | Settled<R>;
      this.#ready.delete(index);
      this.#read++;
      this.#readers.shift()!.resolve({ done: false, value });
    }
    if (this.#state === 'drained' && this.#running === 0 && this.#ready.size === 0) this.#end(this.#failure);
    else if (this.#state === 'over') this.#dismiss();
    else if (this.#mayPull && !this.#pulling) this.#scope.runInAsyncScope(() => void this.#pull());
  }

  get #mayPull(): boolean {
    const inHand = this.#readers.length > 0 ? 0 : 1;
    return this.#state === 'open' && this.#running + this.#ready.size + inHand < this.#setup.concurrency;
  }

  async #pull(): Promise<void> {
    this.#pulling = true;
    try {
      while (this.#mayPull) {
        const next = this.#source.next();
        // An array has its items at once. To await each would cost more than the rest of this loop.
        const { done, value } = isThenable(next) ? await next : next;
        if (this.#state !== 'open') return;
        if (done) this.#state = 'drained';
        else this.#begin(value);
      }
    } catch (error) {
      this.#sourceFailed(error);
    } finally {
      this.#pulling = false;
    }
    this.#serve();
  }

  #sourceFailed(error: unknown): void {
    if (this.#state !== 'open') return;
    if (!this.#setup.settle) return this.#end({ error }, errors.sourceFailed(this.#setup.name, error));
    this.#failure = { error };
    this.#state = 'drained';
  }

  #begin(item: T): void {
    const index = this.#taken++;
    const { settle, name, site } = this.#setup;
    this.#running++;
    let work: PromiseLike<R> | R;
    try {
      work = this.#run(item, index, this.#abort.signal);
    } catch (error) {
      work = Promise.reject(error as Error);
    }
    Promise.resolve(work).then(
      (value) => this.#came(index, settle ? { status: 'fulfilled', value, index } : value),
      (reason: unknown) => {
        addCaller(reason, site, 'handler');
        if (settle) this.#came(index, { status: 'rejected', reason, index });
        else if (this.#state !== 'over') this.#end({ error: withIndex(reason, index) }, errors.itemFailed(name, index, reason));
      },
    );
  }

  #came(index: number, result: R | Settled<R>): void {
    if (this.#state === 'over') return;
    this.#running--;
    this.#ready.set(index, result);
    this.#serve();
  }

  /** Ends the map. Results that can be read, and then `failure`, are still to be read. `reason` aborts the work that runs. */
  #end(failure: { readonly error: unknown } | undefined, reason?: unknown): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#failure = failure;
    this.#unfollow?.();
    if (reason !== undefined) this.#abort.abort(reason);
    const left = this.#scope.runInAsyncScope(() => this.#source.leave());
    // As with `for await`, the error of the map counts, and not that of the source's cleanup.
    this.#left = failure ? left.catch(() => undefined) : left;
    this.#serve();
  }

  /** Ends the map, and drops what is unread. */
  #drop(failure: { readonly error: unknown } | undefined, reason: unknown): void {
    this.#ready.clear();
    if (this.#state === 'over') this.#failure = undefined;
    else this.#end(failure, reason);
  }

  /** Answers the readers of a map that is over: the first one gets the error. */
  #dismiss(): void {
    if (this.#readers.length === 0) return;
    this.#ready.clear();
    for (const { resolve, reject } of this.#readers.splice(0)) {
      const failure = this.#failure;
      this.#failure = undefined;
      const answer = (): void => (failure ? reject(failure.error) : resolve({ done: true, value: undefined }));
      // An error of the source's cleanup is for `return`.
      this.#left!.then(answer, answer);
    }
  }
}
