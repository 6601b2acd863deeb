import { AsyncResource } from 'node:async_hooks';
import type { Readable } from 'node:stream';
import { UnencodableError } from '../core/codec/codec.js';
import type { Codec, Replace, Replaced } from '../core/codec/codec.js';
import { isHttpRequest } from '../core/codec/http-request.js';
import { FlameResource } from '../core/flame-resource.js';
import { isTrackable } from '../core/flame-trackable.js';
import type { FlameTrackable } from '../core/flame-trackable.js';
import { placeholderNumber } from '../core/session/placeholder.js';
import { disposeSource } from './source-iterator.js';
import { kindNames, kindOf } from './stream-kind.js';
import type { StreamKind } from './stream-kind.js';

/** A stream or signal that was found in a value. */
export interface Source {
  readonly index: number;
  readonly kind: StreamKind | 'signal';
  readonly value: object;
}

/** The streams and signals of one value, and the async context of the code that passed them. The sources are read in that context. */
export interface Sources {
  readonly list: readonly Source[];
  /** Whether at least one of them is a stream and not a signal. */
  readonly streams: boolean;
  readonly scope: AsyncResource;
  /**
   * Whether a consumer has begun to read one of them. The value can then not be sent again, because that stream cannot be read from its
   * beginning.
   */
  started: boolean;
}

/** The bytes of a value, and the streams, signals and resources that were found in it. */
export interface EncodedValue {
  readonly bytes: Uint8Array;
  /** Undefined when there are none. */
  readonly sources: Sources | undefined;
  /** The resources by number; undefined when there are none. */
  readonly resources: readonly FlameTrackable[] | undefined;
}

/** Encodes values, with placeholders for the streams, signals and resources in them. */
export class ValueEncoder {
  readonly #codec: Codec;
  readonly #warn: ((text: string) => void) | undefined;

  /**
   * @param warn for results: if a result cannot be encoded, its streams are ended, and `warn` is called when a stream fails to end.
   *
   * @default they are left alone
   */
  constructor(codec: Codec, warn?: (text: string) => void) {
    this.#codec = codec;
    this.#warn = warn;
  }

  /**
   * @param tracking whether objects that can be tracked are resources; otherwise they are data
   * @throws {UnencodableError} for a value that cannot cross, and for a FlameResource if `tracking` is false
   */
  encode(value: unknown, tracking = false): EncodedValue {
    const finder = new PlaceholderFinder(this.#codec, tracking);
    try {
      const bytes = this.#codec.encode(value, finder.replace);
      return { bytes, sources: finder.sources, resources: finder.resources };
    } catch (error) {
      if (this.#warn && finder.list) disposeSources(finder.list, this.#warn);
      throw error;
    }
  }

  /**
   * Encodes values for several calls.
   *
   * @throws {UnencodableError} for a value that cannot cross, and for streams, signals and resources: each of them belongs to one call
   */
  encodeShared(values: readonly unknown[]): Uint8Array {
    return this.#codec.encode(values, (value) => {
      if (value instanceof FlameResource) throw new UnencodableError(`[${values.findIndex((one) => this.#holds(one))}]`, untracked);
    });
  }

  /** Whether a resource is in a value. */
  #holds(value: unknown): boolean {
    let found = false;
    this.#codec.encode(value, (inner) => ((found ||= inner instanceof FlameResource), 0));
    return found;
  }
}

/** Ends the streams of a result that is not sent, because they will have no reader. */
export function disposeSources(list: readonly Source[], warn: (text: string) => void): void {
  for (const { kind, value } of list) {
    if (kind === 'signal') continue;
    disposeSource(kind, value).catch((error: unknown) =>
      warn(`the ${kindNames[kind]} of a result that was not sent failed to end: ${String(error)}`),
    );
  }
}

/** Finds the streams, signals and resources in one value, which travel as placeholders. */
class PlaceholderFinder {
  readonly #codec: Codec;
  readonly #tracking: boolean;
  list: Source[] | undefined;
  resources: FlameTrackable[] | undefined;

  constructor(codec: Codec, tracking: boolean) {
    this.#codec = codec;
    this.#tracking = tracking;
  }

  get sources(): Sources | undefined {
    const { list } = this;
    return (
      list && {
        list,
        streams: list.some(({ kind }) => kind !== 'signal'),
        scope: new AsyncResource('FLAMESTREAM'),
        started: false,
      }
    );
  }

  readonly replace: Replace = (value) => {
    const resource = this.#tracking || value instanceof FlameResource ? this.#track(value) : undefined;
    if (resource) return resource;
    const kind = kindOf(value);
    // A request is more than its body: the runner would miss its headers, parameters and user.
    if (kind === undefined || (kind === 'readable' && isHttpRequest(value as object))) return undefined;
    const list = (this.list ??= []);
    const index = list.length;
    list.push({ index, kind, value });
    const number = placeholderNumber({ index, kind });
    switch (kind) {
      case 'signal':
        return (value as AbortSignal).aborted ? { number, beside: this.#codec.encodeThrown((value as AbortSignal).reason) } : number;
      case 'readable': {
        const { readableObjectMode: objectMode, readableEncoding: encoding } = value as Readable;
        // A Readable may fail before it is read (no such file). Its first reader gets that error.
        (value as Readable).on('error', ignore);
        return { number, beside: { objectMode, encoding } };
      }
      default:
        return number;
    }
  };

  #track(value: object): Replaced | undefined {
    const handle = value instanceof FlameResource;
    if (!handle && !isTrackable(value)) return undefined;
    if (!this.#tracking) throw new UnencodableError('', untracked);
    const resources = (this.resources ??= []);
    const number = placeholderNumber({ index: resources.length, kind: 'resource' });
    resources.push(handle ? { onFlameRelease: () => value.release() } : value);
    return { number, beside: { ...(handle ? (value.value as object) : value) } };
  }
}

const untracked =
  'a FlameResource does not leave its process. To return one, set trackResources on the handler or its pool; as an argument, pass its value';

function ignore(): void {}
