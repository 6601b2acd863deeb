import type { Readable } from 'node:stream';
import type { StreamKind } from './stream-kind.js';

/** Asks a source for items, one at a time. */
export interface SourceIterator {
  next(): Promise<IteratorResult<unknown, unknown>>;
  /** Ends the source early; resolves when it has cleaned up. */
  return(): Promise<unknown>;
}

/** Opens a source that can be asked for items. @throws what it throws, for example a web stream that somebody else reads. */
export function openSource(kind: StreamKind, value: object): SourceIterator {
  switch (kind) {
    case 'readable':
      return openReadable(value as Readable);
    case 'web-stream': {
      const reader = (value as ReadableStream<unknown>).getReader();
      // Unlike the stream's own iterator, a reader can be cancelled while it waits for an item.
      return { next: async () => reader.read() as Promise<IteratorResult<unknown>>, return: () => reader.cancel() };
    }
    default: {
      const iterator = (value as AsyncIterable<unknown>)[Symbol.asyncIterator]();
      return { next: async () => iterator.next(), return: async () => iterator.return?.() };
    }
  }
}

/** Ends a source that nobody will open. */
export async function disposeSource(kind: StreamKind, value: object): Promise<void> {
  if (kind === 'readable') (value as Readable).destroy();
  else if (kind === 'web-stream') await (value as ReadableStream).cancel();
  else if (kind === 'iterable') await (value as Partial<AsyncGenerator<unknown>>).return?.(undefined);
}

function openReadable(readable: Readable): SourceIterator {
  const iterator = readable[Symbol.asyncIterator]();
  const { readableEncoding, readableObjectMode } = readable;
  // Decoded text travels as bytes again, and is decoded at the other end.
  const encoding = readableObjectMode ? null : readableEncoding;
  return {
    next: async () => {
      const result = await iterator.next();
      return encoding && typeof result.value === 'string' ? { value: Buffer.from(result.value, encoding) } : result;
    },
    return: async () => {
      // By itself, the iterator would wait for the item that was asked for, which may never come.
      readable.destroy();
      return iterator.return?.();
    },
  };
}
