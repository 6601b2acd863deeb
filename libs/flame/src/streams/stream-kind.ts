import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { isObservable } from 'rxjs';
import type { PlaceholderKind } from '../core/session/placeholder.js';

/** The kind of a stream, which is the same at both ends. */
export type StreamKind = Exclude<PlaceholderKind, 'signal' | 'resource'>;

/** The kind of a live value that can travel as a stream or a signal; undefined for every other value. */
export function kindOf(value: unknown): StreamKind | 'signal' | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof AbortSignal) return 'signal';
  if (isObservable(value)) return 'observable';
  if (value instanceof ReadableStream) return 'web-stream';
  // A socket is a Readable, but a connection is more than its content. To send the content, an app passes a stream of it.
  if (value instanceof Socket || !has(value, Symbol.asyncIterator)) return undefined;
  return value instanceof Readable || (has(value, 'read') && has(value, 'pipe') && has(value, 'on')) ? 'readable' : 'iterable';
}

/** The type that each kind has in code, for messages. */
export const kindNames: Record<StreamKind, string> = {
  iterable: 'AsyncIterable',
  observable: 'Observable',
  readable: 'Readable',
  'web-stream': 'ReadableStream',
};

function has(value: object, key: string | symbol): boolean {
  return typeof (value as Record<string | symbol, unknown>)[key] === 'function';
}
