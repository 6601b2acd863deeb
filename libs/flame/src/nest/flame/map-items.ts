import type { Readable } from 'node:stream';
import type { Items } from '../../core/map/item-source.js';
import { badOption, show } from '../../core/options/option-reader.js';
import { openSource } from '../../streams/source-iterator.js';
import { kindOf } from '../../streams/stream-kind.js';

/**
 * The items as a source that can be left at any time, also while a stream waits for its next item.
 *
 * @throws {FlameError} FLAME_CONFIG for a value that is no iterable.
 */
export function itemsOf(given: unknown, asker: string): Items<unknown> {
  switch (kindOf(given)) {
    case 'observable':
      throw badOption(
        `the items of ${asker}`,
        'must be an iterable or an AsyncIterable, but are an Observable, which cannot be held back',
        'Give the source that it was made from, or collect its values first: await lastValueFrom(source.pipe(toArray())).',
      );
    case 'readable':
      return { [Symbol.asyncIterator]: () => openReadable(given as Readable) };
    case 'web-stream':
      return { [Symbol.asyncIterator]: () => openSource('web-stream', given as object) as AsyncIterator<unknown> };
  }
  if (!isIterable(given))
    throw badOption(
      `the items of ${asker}`,
      `must be an array, an iterable or an AsyncIterable, but are ${show(given)}`,
      'Give one of these.',
    );
  return given;
}

function openReadable(readable: Readable): AsyncIterator<unknown> {
  const iterator = readable[Symbol.asyncIterator]();
  const end = async (): Promise<IteratorResult<unknown>> => {
    // Without this, the iterator would wait for the item that it was asked for.
    readable.destroy();
    await iterator.return?.();
    return { done: true, value: undefined };
  };
  return { next: () => iterator.next(), return: end };
}

function isIterable(given: unknown): given is Items<unknown> {
  if (typeof given !== 'string' && (typeof given !== 'object' || given === null)) return false;
  const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: async } = given as Partial<Iterable<unknown> & AsyncIterable<unknown>>;
  return typeof sync === 'function' || typeof async === 'function';
}
