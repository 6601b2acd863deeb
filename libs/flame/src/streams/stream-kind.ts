import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { isObservable } from 'rxjs';
import type { PlaceholderKind } from '../core/session/placeholder.js';

/** What a stream is at both of its ends. */
export type StreamKind = Exclude<PlaceholderKind, 'signal' | 'resource'>;

/** Says what a value is, if it is alive and can travel as such. */
export function kindOf(value: unknown): StreamKind | 'signal' | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof AbortSignal) return 'signal';
  if (isObservable(value)) return 'observable';
  if (value instanceof ReadableStream) return 'web-stream';
  // A socket is readable, but a connection is not what it carries: whoever means its content passes a stream of that.
  if (value instanceof Socket || !has(value, Symbol.asyncIterator)) return undefined;
  return value instanceof Readable || (has(value, 'read') && has(value, 'pipe') && has(value, 'on')) ? 'readable' : 'iterable';
}

/** The kinds' names in code. */
export const kindNames: Record<StreamKind, string> = {
  iterable: 'AsyncIterable',
  observable: 'Observable',
  readable: 'Readable',
  'web-stream': 'ReadableStream',
};

function has(value: object, key: string | symbol): boolean {
  return typeof (value as Record<string | symbol, unknown>)[key] === 'function';
}
