import { Readable } from 'node:stream';
import { Observable } from 'rxjs';
import type { Subscriber } from 'rxjs';
import { FlameError } from '../core/errors/flame-error.js';
import { disposeSource } from './source-iterator.js';
import { kindOf } from './stream-kind.js';
import type { StreamKind } from './stream-kind.js';

/** Reads a stream's items, whatever the kind of the stream. */
export interface ItemReader {
  next(): Promise<IteratorResult<unknown, undefined>>;
  /** Called when the consumer stops reading. */
  return(): void | Promise<void>;
}

/** Options of the Readable at the other end. */
export interface ReadableTraits {
  readonly objectMode?: boolean;
  readonly encoding?: BufferEncoding | null;
}

/** Creates the stream that the consumer gets, of the same kind as the producer's. Nothing is read before the consumer reads. */
export function remoteStream(kind: StreamKind, reader: ItemReader, traits: ReadableTraits = {}): object {
  switch (kind) {
    case 'iterable':
      return new RemoteIterable(reader);
    case 'observable':
      return remoteObservable(reader);
    case 'readable': {
      const { objectMode = true, encoding } = traits;
      // Readable.from reads ahead until its buffer is full. The stream's window already reads ahead enough.
      return Readable.from(new RemoteIterable(reader), { objectMode, highWaterMark: 1, ...(encoding ? { encoding } : undefined) });
    }
    case 'web-stream':
      return new ReadableStream<unknown>(
        {
          pull: async (controller) => {
            const result = await reader.next();
            if (result.done) controller.close();
            else controller.enqueue(result.value);
          },
          cancel: () => reader.return(),
        },
        { highWaterMark: 0 },
      );
  }
}

/** Ends a stream from another process without reading it. */
export async function leaveStream(value: unknown): Promise<void> {
  const kind = kindOf(value);
  if (kind === 'observable') (value as Observable<unknown>).subscribe().unsubscribe();
  else if (kind !== undefined && kind !== 'signal') await disposeSource(kind, value as object);
}

/** Can be iterated once, like a generator. */
class RemoteIterable implements AsyncIterableIterator<unknown, undefined> {
  readonly #reader: ItemReader;

  constructor(reader: ItemReader) {
    this.#reader = reader;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return this.#reader.next();
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    await this.#reader.return();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<never> {
    await this.#reader.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function remoteObservable(reader: ItemReader): Observable<unknown> {
  let taken = false;
  return new Observable((subscriber) => {
    if (taken) return subscriber.error(subscribedTwice());
    taken = true;
    void forward(reader, subscriber);
    return () => void reader.return();
  });
}

async function forward(reader: ItemReader, subscriber: Subscriber<unknown>): Promise<void> {
  try {
    for (;;) {
      const result = await reader.next();
      if (result.done) return subscriber.complete();
      subscriber.next(result.value);
    }
  } catch (error) {
    subscriber.error(error);
  }
}

function subscribedTwice(): FlameError {
  return new FlameError(
    'FLAME_REFUSED',
    'this Observable comes from another process and can be subscribed to once. Share one subscription: pipe(share()), or shareReplay().',
  );
}
