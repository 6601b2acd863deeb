import type { Readable } from 'node:stream';
import type { StreamKind } from './stream-kind.js';

/** Reads a source item by item. */
export interface SourceIterator {
  next(): Promise<IteratorResult<unknown, unknown>>;
  /** Ends the source early; resolves when the source has cleaned up. */
  return(): Promise<unknown>;
}

/** Opens a source for reading. @throws the source's own error, for example for a web stream that already has a reader. */
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

/** Ends a source that will not be opened. */
export async function disposeSource(kind: StreamKind, value: object): Promise<void> {
  if (kind === 'readable') (value as Readable).destroy();
  else if (kind === 'web-stream') await (value as ReadableStream).cancel();
  else if (kind === 'iterable') await (value as Partial<AsyncGenerator<unknown>>).return?.(undefined);
}

function openReadable(readable: Readable): SourceIterator {
  const iterator = readable[Symbol.asyncIterator]();
  const { readableEncoding, readableObjectMode } = readable;
  // The Readable has decoded its bytes to text. The text travels as bytes again, and the other end decodes them.
  const encoding = readableObjectMode ? null : readableEncoding;
  return {
    next: async () => {
      const result = await iterator.next();
      return encoding && typeof result.value === 'string' ? { value: Buffer.from(result.value, encoding) } : result;
    },
    return: async () => {
      // Without this, the iterator would wait for the requested item, which may never come.
      readable.destroy();
      return iterator.return?.();
    },
  };
}
