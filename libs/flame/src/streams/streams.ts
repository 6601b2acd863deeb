import type { CallSite } from '../core/call/call-site.js';
import type { Codec, Materialize } from '../core/codec/codec.js';
import { MalformedError, UnreadableError } from '../core/codec/codec.js';
import { FlameError } from '../core/errors/flame-error.js';
import type { Frame, StreamFrame } from '../core/session/frame.js';
import { IdMap } from '../core/session/id-map.js';
import { readPlaceholder } from '../core/session/placeholder.js';
import { CallStreams } from './call-streams.js';
import { followSignal } from './followed-signal.js';
import type { Source, Sources } from './value-encoder.js';
import { Incoming } from './incoming.js';
import type { Outgoing, OutgoingSetup } from './outgoing.js';
import { PulledSource } from './pulled-source.js';
import { PushedSource } from './pushed-source.js';
import { remoteStream } from './remote-stream.js';
import type { ReadableTraits } from './remote-stream.js';
import type { StreamKind } from './stream-kind.js';

/** The call whose answer contains streams. */
export interface AskedBy {
  /** Whether the call already granted the first window of the stream that is the answer itself. */
  readonly reads?: boolean;
  readonly site?: CallSite | undefined;
}

/** Dependencies of `Streams`. */
export interface StreamsSetup {
  readonly send: (frame: Frame) => void;
  readonly codec: Codec;
  /** What this end sends. The caller's arguments belong to the caller until the handler reads them; a result belongs to no other code. */
  readonly sends: 'arguments' | 'result';
  /** The name of the other end, for the stacks of errors that it sends. */
  readonly peer: string;
  readonly warn: (text: string) => void;
  /** Called when the last outgoing stream of a call has ended and its source has cleaned up. */
  readonly onSent: (id: number) => void;
  /** Called when the last incoming stream of a call is over. `left` says that the consumer of a stream left before its end. */
  readonly onReceived: (id: number, left: boolean) => void;
  /** Creates the handle of a received resource; undefined if no resources can arrive here. */
  readonly resource?: (id: number, resource: number, value: unknown) => unknown;
}

/**
 * The streams of all calls at one end of a session. The incoming streams of a call are numbered from 0, and so are its outgoing streams.
 * Only a producer sends items and ends, and only a consumer sends credits and stops, so that the two series of numbers cannot be confused.
 *
 * `close` drops and stops a call's streams. A call without streams leaves no state here.
 */
export class Streams {
  readonly #setup: StreamsSetup;
  readonly #calls = new IdMap<CallStreams>();
  /** The call whose value is being decoded. */
  #decoding = 0;
  #label = '';
  #asked: AskedBy = {};

  constructor(setup: StreamsSetup) {
    this.#setup = setup;
  }

  /**
   * Returns the function that creates the streams of a value of call `id` while the value is decoded. `label` names the call in messages.
   */
  materializeFor(id: number, label: string, asked: AskedBy = {}): Materialize {
    this.#decoding = id;
    this.#label = label;
    this.#asked = asked;
    return this.#materialize;
  }

  /** Takes over the streams that were found in a value of call `id`. Called when the frame with the value has been sent. */
  open(id: number, label: string, sources: Sources): void {
    const { list, scope } = sources;
    const { codec, send, sends, warn } = this.#setup;
    const call = this.#of(id);
    const onOver = (index: number): void => {
      call.outgoing.delete(index);
      if (call.outgoing.size === 0 && this.#calls.get(id) === call) this.#setup.onSent(id);
    };
    const setup: OutgoingSetup = { id, place: `the ${sends} of ${label}`, codec, scope, send, warn, onOver };
    for (const source of list) {
      if (isStream(source)) call.outgoing.set(source.index, outgoing(source, setup));
      else call.followed.push(followSignal(source.value as AbortSignal, id, source.index, codec, send));
    }
    call.opened(sources);
  }

  /**
   * Handles a frame of a stream. A frame of a stream that is already over does nothing.
   *
   * @throws {MalformedError} for an item that the consumer did not ask for.
   */
  frame(frame: StreamFrame): void {
    // Only a credit can arrive before its stream, because it was sent with the call.
    const call = frame.type === 'credit' ? this.#of(frame.id) : this.#calls.get(frame.id);
    call?.frame(frame, this.#thrown);
  }

  /** Whether call `id` has streams or signals. */
  has(id: number): boolean {
    return this.#calls.has(id);
  }

  /** Whether call `id` has outgoing streams that have not ended. */
  sends(id: number): boolean {
    return (this.#calls.get(id)?.outgoing.size ?? 0) > 0;
  }

  /** Whether call `id` has incoming streams that have not ended. */
  receives(id: number): boolean {
    return (this.#calls.get(id)?.incoming.size ?? 0) > 0;
  }

  /** Aborts the received signals of a call, and fails its streams. */
  abort(id: number, error: unknown): void {
    for (const controller of this.#calls.get(id)?.signals.values() ?? []) controller.abort(error);
    this.fail(id, error);
  }

  /**
   * Fails the incoming streams of a call, and ends the outgoing streams with an error to their consumers. The sources may need time to
   * clean up: `onSent` follows.
   */
  fail(id: number, error: unknown): void {
    const call = this.#calls.get(id);
    if (call) this.#end(call, error, error);
  }

  /** Drops the streams of a call that is over. A stream that has not ended fails with `error`. */
  close(id: number, error: unknown): void {
    const call = this.#calls.get(id);
    if (!call) return;
    this.#calls.delete(id);
    for (const unfollow of call.followed) unfollow();
    this.#end(call, error);
  }

  /** Drops the streams of all calls, because the session is over. */
  closeAll(error: unknown): void {
    for (const id of this.#calls.ids()) this.close(id, error);
  }

  /** `told` is the error that the consumers of outgoing streams get. */
  #end(call: CallStreams, error: unknown, told?: unknown): void {
    for (const stream of call.incoming.values()) stream.fail(error);
    for (const stream of call.outgoing.values()) stream.stop(this.#setup.sends === 'result', told);
  }

  readonly #materialize: Materialize = (number, beside) => {
    const placeholder = readPlaceholder(number);
    const { resource } = this.#setup;
    if (!placeholder || (placeholder.kind === 'resource' && !resource))
      throw new MalformedError(`malformed value: no stream or signal has the number ${number}`);
    const { index, kind } = placeholder;
    const id = this.#decoding;
    if (kind === 'resource') return resource!(id, index, beside);
    if (kind === 'signal') return this.#signal(index, beside);
    return remoteStream(kind, this.#incoming(id, index), readTraits(beside));
  };

  #signal(index: number, beside: unknown): AbortSignal {
    if (beside instanceof Uint8Array) return AbortSignal.abort(this.#thrown(beside));
    const controller = new AbortController();
    this.#of(this.#decoding).signals.set(index, controller);
    return controller.signal;
  }

  #incoming(id: number, index: number): Incoming {
    const { reads = false, site } = this.#asked;
    const { codec, send, sends, onReceived } = this.#setup;
    const call = this.#of(id);
    const place = `a stream in the ${sends === 'result' ? 'arguments' : 'result'} of ${this.#label}`;
    if (call.incoming.has(index)) throw new MalformedError(`malformed value: stream ${index} came twice`);
    const stream = new Incoming(
      {
        decode: (bytes) => codec.decode(bytes),
        unreadable: (error) => unreadable(`an item of ${place}`, error.under('item'), error),
        grant: (count) => send({ type: 'credit', id, stream: index, count }),
        onLeft: () => {
          call.left = true;
          send({ type: 'stop', id, stream: index });
        },
        onOver: () => {
          call.incoming.delete(index);
          if (call.incoming.size === 0 && this.#calls.get(id) === call) onReceived(id, call.left);
        },
      },
      reads && index === 0,
      site,
    );
    call.incoming.set(index, stream);
    return stream;
  }

  /** Decodes the error of a stream that failed, or the reason of a signal that aborted. */
  readonly #thrown = (bytes: Uint8Array): unknown => {
    try {
      return this.#setup.codec.decodeThrown(bytes, this.#setup.peer);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      return unreadable(`the reason with which ${this.#setup.peer} ended a stream or a signal`, error.under('error'), error);
    }
  };

  #of(id: number): CallStreams {
    let call = this.#calls.get(id);
    if (!call) this.#calls.set(id, (call = new CallStreams()));
    return call;
  }
}

type StreamSource = Source & { readonly kind: StreamKind };

function isStream(source: Source): source is StreamSource {
  return source.kind !== 'signal';
}

function outgoing(source: StreamSource, setup: OutgoingSetup): Outgoing {
  return source.kind === 'observable' ? new PushedSource(source, setup) : new PulledSource(source, setup);
}

function unreadable(what: string, why: string, { cause }: UnreadableError): FlameError {
  return new FlameError('FLAME_ENCODING', `${what} cannot be read: ${why}`, { ran: 'maybe', cause });
}

/** Reads the options of a Readable. The other end is not trusted. */
function readTraits(beside: unknown): ReadableTraits {
  if (typeof beside !== 'object' || beside === null) return {};
  const { objectMode, encoding } = beside as { objectMode?: unknown; encoding?: unknown };
  return {
    objectMode: objectMode !== false,
    encoding: typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : null,
  };
}
