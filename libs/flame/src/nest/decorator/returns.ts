import { Readable } from 'node:stream';
import { Observable } from 'rxjs';
import { FlameError } from '../../core/errors/flame-error.js';
import { laterStream } from '../../streams/later-stream.js';
import { leaveStream } from '../../streams/remote-stream.js';
import { kindNames } from '../../streams/stream-kind.js';
import type { StreamKind } from '../../streams/stream-kind.js';

/** What a method returns to its callers: a promise, or a stream that begins when it is first read. */
export type FlameReturns = 'promise' | StreamKind;

export const flameReturns: readonly FlameReturns[] = ['promise', 'iterable', 'observable', 'readable', 'web-stream'];

/** The return types of methods that can run elsewhere. */
export type FlameResult = Promise<unknown> | Observable<unknown> | AsyncIterable<unknown>;

/**
 * What a method returns, from the kind of function and the class of its return type in decorator metadata. Undefined if neither tells: an
 * interface such as AsyncIterable, or no type at all, leaves nothing at run time.
 */
export function returnsOf(method: unknown, type: unknown): FlameReturns | undefined {
  const made = Object.prototype.toString.call(method);
  if (made === '[object AsyncGeneratorFunction]') return 'iterable';
  if (made === '[object AsyncFunction]' || isClass(type, Promise)) return 'promise';
  if (isClass(type, Observable)) return 'observable';
  if (isClass(type, Readable)) return 'readable';
  return isClass(type, ReadableStream) ? 'web-stream' : undefined;
}

/** Options of a call whose result is read as a stream. */
export interface Delivery {
  /** The result is read as a stream, at once. */
  readonly reads: true;
  /** Aborts when the reader leaves before the stream has begun. */
  readonly signal: AbortSignal;
}

/**
 * Makes a call at once for a method that returns a promise, and on the first read for one that returns a stream.
 *
 * @param call makes the call; without `delivery` for a promise
 */
export function deliver(returns: FlameReturns | undefined, label: string, call: (delivery?: Delivery) => Promise<unknown>): unknown {
  if (returns === 'promise') return call();
  if (returns === undefined) return guarded(call(), label);
  return laterStream(
    returns,
    (signal) => call({ reads: true, signal }),
    (what) =>
      new FlameError('FLAME_CONFIG', `${label} should return ${kindNames[returns]}, but returned ${what}. ${sayWhatItReturns(label)}`, {
        ran: 'yes',
      }),
  );
}

/** @returns the sentence that names the option. */
export function sayWhatItReturns(label: string): string {
  const words = flameReturns.map((word) => `'${word}'`).join(', ');
  return `Set { returns: … } in the decorator of ${label} or in the options of the call, to one of ${words}.`;
}

/** A promise that throws a helpful error when it is used as a stream, for methods whose return type is unknown. */
function guarded(promise: Promise<unknown>, label: string): Promise<unknown> {
  const misused = (): never => {
    // Nobody will await the promise now, and this error says more than the call's.
    promise.then(leaveStream).catch(() => undefined);
    throw new FlameError(
      'FLAME_CONFIG',
      `${label} returned a promise, because nothing declares that it returns a stream. ${sayWhatItReturns(label)}`,
      {
        ran: 'maybe',
      },
    );
  };
  for (const key of [Symbol.asyncIterator, 'subscribe', 'pipe', 'on']) Object.defineProperty(promise, key, { value: misused });
  return promise;
}

function isClass(type: unknown, base: abstract new (...args: never[]) => unknown): boolean {
  return typeof type === 'function' && (type === base || type.prototype instanceof base);
}
