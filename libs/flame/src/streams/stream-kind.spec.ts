import { EventEmitter, on } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { kindOf } from './stream-kind.js';

/** A Readable of another copy of the stream library. */
const foreignReadable = { read: (): null => null, pipe: (): void => {}, on: (): void => {}, async *[Symbol.asyncIterator]() {} };

describe('kindOf', () => {
  it.each([
    ['an async generator', (async function* () {})(), 'iterable'],
    ['an iterable of its own', { async *[Symbol.asyncIterator]() {} }, 'iterable'],
    ['events', on(new EventEmitter(), 'x'), 'iterable'],
    ['an Observable', of(1), 'observable'],
    ['a Subject', new Subject(), 'observable'],
    ['an Observable of another copy of rxjs', { lift: () => {}, subscribe: () => {} }, 'observable'],
    ['a Readable', Readable.from([]), 'readable'],
    ['a Transform', new PassThrough(), 'readable'],
    ['a Readable of another copy', foreignReadable, 'readable'],
    ['a web stream', new ReadableStream(), 'web-stream'],
    ['a signal', AbortSignal.abort(), 'signal'],
    ['a Writable', new Writable(), undefined],
    ['a sync generator', (function* () {})(), undefined],
    ['an array', [1], undefined],
    ['a promise', Promise.resolve(), undefined],
    ['null', null, undefined],
    ['a function', () => {}, undefined],
  ])('recognises %s', (_, value, kind) => {
    expect(kindOf(value)).toBe(kind);
  });
});
