import { Observable } from 'rxjs';
import { failing } from '../core/call/call-site.js';
import { remoteStream } from './remote-stream.js';
import type { ItemReader, ReadableTraits } from './remote-stream.js';
import { openSource } from './source-iterator.js';
import type { SourceIterator } from './source-iterator.js';
import type { StreamKind } from './stream-kind.js';

/** Limits of a stream that stays in this process. */
export interface StreamBounds {
  /** Ends the stream when it aborts; the reader gets the signal's reason. */
  readonly signal: AbortSignal;
  /** Called once, when the stream has ended or failed, or its reader has left. `left` says that the reader left before the end. */
  over(left: boolean): void;
  /** Runs the producer's code in the producer's own context. */
  within<T>(task: () => T): T;
}

/** Wraps a stream so that it behaves like a stream from another process: it ends with its call. */
export function boundedStream(kind: StreamKind, source: object, bounds: StreamBounds): object {
  if (kind === 'observable') return boundedObservable(source as Observable<unknown>, bounds);
  const { readableObjectMode: objectMode, readableEncoding: encoding } = source as {
    readableObjectMode?: boolean;
    readableEncoding?: BufferEncoding | null;
  };
  return remoteStream(kind, new BoundedReader(kind, source, bounds), { objectMode, encoding } satisfies ReadableTraits);
}

function boundedObservable(source: Observable<unknown>, { signal, over, within }: StreamBounds): Observable<unknown> {
  return new Observable((subscriber) => {
    let left = true;
    const aborted = (): void => fail(signal.reason);
    const fail = (error: unknown): void => {
      left = false;
      subscriber.error(error);
    };
    subscriber.add(() => {
      signal.removeEventListener('abort', aborted);
      over(left);
    });
    if (signal.aborted) return aborted();
    signal.addEventListener('abort', aborted, { once: true });
    const complete = (): void => {
      left = false;
      subscriber.complete();
    };
    subscriber.add(within(() => source.subscribe({ next: (item) => subscriber.next(item), error: fail, complete })));
  });
}

class BoundedReader implements ItemReader {
  readonly #bounds: StreamBounds;
  readonly #source: SourceIterator;
  readonly #aborted: Promise<never>;
  #over = false;

  constructor(kind: StreamKind, source: object, bounds: StreamBounds) {
    this.#bounds = bounds;
    const { signal, within } = bounds;
    this.#source = within(() => openSource(kind, source));
    this.#aborted = new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    // There may be no pending read when the signal aborts. The source ends now, and the next read fails.
    this.#aborted.catch(() => this.#end(false));
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    const { within } = this.#bounds;
    try {
      const result = await Promise.race([this.#aborted, within(() => this.#source.next())]);
      if (!result.done) return result;
    } catch (error) {
      this.#finish(false);
      if (error === this.#bounds.signal.reason) return failing(error, undefined, 'us');
      throw error;
    }
    this.#finish(false);
    return { done: true, value: undefined };
  }

  return(): void {
    this.#end(true);
  }

  #end(left: boolean): void {
    const ending = !this.#over;
    this.#finish(left);
    // The reader has left, so an error of the source's cleanup has no receiver.
    if (ending) this.#bounds.within(() => this.#source.return()).catch(() => undefined);
  }

  #finish(left: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#bounds.over(left);
  }
}
