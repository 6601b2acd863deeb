import { AsyncResource } from 'node:async_hooks';
import type { Readable } from 'node:stream';
import { UnencodableError } from '../core/codec/codec.js';
import type { Codec, Replace, Replaced } from '../core/codec/codec.js';
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

/** The streams and signals of one value, and the context in which they were given: they are driven in it. */
export interface Sources {
  readonly list: readonly Source[];
  /** Whether there is more than signals. */
  readonly streams: boolean;
  readonly scope: AsyncResource;
  /** A consumer has begun to read one of them: it cannot be read again from its beginning. */
  started: boolean;
}

/**
 * Encodes values and numbers the streams and signals in them. One serves all calls of a pool or a runner: a value without streams
 * costs nothing more.
 */
export class ValueEncoder {
  readonly #codec: Codec;
  #list: Source[] | undefined;
  #sources: Sources | undefined;
  #tracking = false;
  #found: FlameTrackable[] | undefined;
  #resources: readonly FlameTrackable[] | undefined;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** What was found in the value that was encoded last; undefined when there was nothing. */
  get sources(): Sources | undefined {
    return this.#sources;
  }

  /** The resources that were found in the value that was encoded last, by their numbers; undefined when there were none. */
  get resources(): readonly FlameTrackable[] | undefined {
    return this.#resources;
  }

  /**
   * @param tracking whether objects that can be tracked are resources; otherwise they are data
   * @throws {UnencodableError} for what cannot cross, and for a FlameResource where nothing is tracked
   */
  encode(value: unknown, tracking = false): Uint8Array {
    // A getter in the value may make a call, and so encode, itself.
    const outer = this.#list;
    const outerTracking = this.#tracking;
    const outerFound = this.#found;
    this.#list = undefined;
    this.#tracking = tracking;
    this.#found = undefined;
    try {
      return this.#codec.encode(value, this.#hoist);
    } finally {
      const list = this.#list as Source[] | undefined;
      this.#list = outer;
      this.#resources = this.#found;
      this.#found = outerFound;
      this.#tracking = outerTracking;
      this.#sources = list && {
        list,
        streams: list.some(({ kind }) => kind !== 'signal'),
        scope: new AsyncResource('FLAMESTREAM'),
        started: false,
      };
    }
  }

  /** Ends what was found in the value that was encoded last: nobody will read it. */
  dispose(warn: (text: string) => void): void {
    for (const { kind, value } of this.#sources?.list ?? []) {
      if (kind === 'signal') continue;
      disposeSource(kind, value).catch((error: unknown) =>
        warn(`the ${kindNames[kind]} of a result that was not sent failed to end: ${String(error)}`),
      );
    }
  }

  readonly #hoist: Replace = (value) => {
    const resource = this.#tracking || value instanceof FlameResource ? this.#track(value) : undefined;
    if (resource) return resource;
    const kind = kindOf(value);
    if (kind === undefined) return undefined;
    const list = (this.#list ??= []);
    const index = list.length;
    list.push({ index, kind, value });
    const number = placeholderNumber({ index, kind });
    switch (kind) {
      case 'signal':
        return (value as AbortSignal).aborted ? { number, beside: this.#codec.encodeThrown((value as AbortSignal).reason) } : number;
      case 'readable': {
        const { readableObjectMode: objectMode, readableEncoding: encoding } = value as Readable;
        // It may fail (no such file) before anybody reads it; whoever reads it then is told.
        (value as Readable).on('error', nobodyReadsYet);
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
    const found = (this.#found ??= []);
    const number = placeholderNumber({ index: found.length, kind: 'resource' });
    found.push(handle ? { onFlameRelease: () => value.release() } : value);
    return { number, beside: { ...(handle ? (value.value as object) : value) } };
  }
}

const untracked =
  'a FlameResource stays where it is: in a result, set trackResources on the handler or its pool; as an argument, pass its value';

function nobodyReadsYet(): void {}
