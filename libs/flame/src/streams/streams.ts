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

/** The call that is answered with streams. */
export interface AskedBy {
  /** The first window of the stream that is the answer itself was granted with the call. */
  readonly reads?: boolean;
  readonly site?: CallSite | undefined;
}

/** What the streams of one end of a session are made with. */
export interface StreamsSetup {
  readonly send: (frame: Frame) => void;
  readonly codec: Codec;
  /** What goes out from this end: a caller's arguments stay the caller's until the handler reads them, a result belongs to nobody else. */
  readonly sends: 'arguments' | 'result';
  /** The other end, for the stacks of what is thrown there. */
  readonly peer: string;
  readonly warn: (text: string) => void;
  /** The last outgoing stream of a call has ended, and its source has cleaned up. */
  readonly onSent: (id: number) => void;
  /** The last incoming stream of a call is over; `left` says that the consumer of one had left before its end. */
  readonly onReceived: (id: number, left: boolean) => void;
  /** Makes a handle of a resource that came in; undefined where none can come. */
  readonly resource?: (id: number, resource: number, value: unknown) => unknown;
}

/**
 * The streams of all calls at one end of a session. Those that came in a value are numbered from 0, and so are those that go out: items and
 * ends come from the producer, credits and stops from the consumer, so that the numbers of both never meet.
 *
 * A call's streams are dropped, and stop, with `close`. Calls without streams leave nothing here.
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

  /** Makes the streams of a value of call `id`, which is `label` for people, while it is decoded. */
  materializeFor(id: number, label: string, asked: AskedBy = {}): Materialize {
    this.#decoding = id;
    this.#label = label;
    this.#asked = asked;
    return this.#materialize;
  }

  /** Takes over the streams that were found in a value of call `id`, once the frame that carries it has been sent. */
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
   * A frame of a call that goes on; one of a stream that is over already does nothing.
   *
   * @throws {MalformedError} on an item that was not asked for.
   */
  frame(frame: StreamFrame): void {
    // Only a credit may come before the stream: it was sent with the call.
    const call = frame.type === 'credit' ? this.#of(frame.id) : this.#calls.get(frame.id);
    call?.frame(frame, this.#thrown);
  }

  /** Whether call `id` has streams, or signals, at all. */
  has(id: number): boolean {
    return this.#calls.has(id);
  }

  /** Whether streams of call `id` go out and have not ended. */
  sends(id: number): boolean {
    return (this.#calls.get(id)?.outgoing.size ?? 0) > 0;
  }

  /** Whether streams of call `id` come in and have not ended. */
  receives(id: number): boolean {
    return (this.#calls.get(id)?.incoming.size ?? 0) > 0;
  }

  /** Aborts the signals that came in, and fails the streams. */
  abort(id: number, error: unknown): void {
    for (const controller of this.#calls.get(id)?.signals.values() ?? []) controller.abort(error);
    this.fail(id, error);
  }

  /**
   * Fails what comes in and ends what goes out, whose consumers are told. The sources may take their time to clean up: `onSent` follows.
   */
  fail(id: number, error: unknown): void {
    const call = this.#calls.get(id);
    if (call) this.#end(call, error, error);
  }

  /** Drops the streams of a call that is over; what has not come to its end fails with `error`. */
  close(id: number, error: unknown): void {
    const call = this.#calls.get(id);
    if (!call) return;
    this.#calls.delete(id);
    for (const unfollow of call.followed) unfollow();
    this.#end(call, error);
  }

  /** The session is over: drops the streams of all calls. */
  closeAll(error: unknown): void {
    for (const id of this.#calls.ids()) this.close(id, error);
  }

  /** `told` is what the consumers of outgoing streams get to know. */
  #end(call: CallStreams, error: unknown, told?: unknown): void {
    for (const stream of call.incoming.values()) stream.fail(error);
    for (const stream of call.outgoing.values()) stream.stop(this.#setup.sends === 'result', told);
  }

  readonly #materialize: Materialize = (number, beside) => {
    const placeholder = readPlaceholder(number);
    const { resource } = this.#setup;
    if (!placeholder || (placeholder.kind === 'resource' && !resource))
      throw new MalformedError(`malformed value: nothing has the number ${number}`);
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

  /** What a stream failed with, or a signal aborted with. */
  readonly #thrown = (bytes: Uint8Array): unknown => {
    try {
      return this.#setup.codec.decodeThrown(bytes, this.#setup.peer);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      return unreadable(`what ${this.#setup.peer} ended a stream or a signal with`, error.under('error'), error);
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

/** The other end may claim what it likes. */
function readTraits(beside: unknown): ReadableTraits {
  if (typeof beside !== 'object' || beside === null) return {};
  const { objectMode, encoding } = beside as { objectMode?: unknown; encoding?: unknown };
  return {
    objectMode: objectMode !== false,
    encoding: typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : null,
  };
}
