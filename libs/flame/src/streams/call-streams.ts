import type { StreamFrame } from '../core/session/frame.js';
import type { Sources } from './value-encoder.js';
import type { Incoming } from './incoming.js';
import type { Outgoing } from './outgoing.js';
import { windowItems } from './window.js';

/** The streams of one call at one end of its session, by number. */
export class CallStreams {
  readonly incoming = new Map<number, Incoming>();
  readonly outgoing = new Map<number, Outgoing>();
  /** The controllers of received signals. */
  readonly signals = new Map<number, AbortController>();
  /** Functions that stop following the sent signals. */
  readonly followed: (() => void)[] = [];
  /** Whether the consumer of an incoming stream left before the end of the stream. */
  left = false;
  /** Credit for the stream that is the result itself, granted before the handler returned it. */
  #ahead = 0;
  #sources: Sources | undefined;

  /** Called when all outgoing streams of the call exist. */
  opened(sources: Sources): void {
    this.#sources = sources;
    if (this.#ahead > 0) this.#grant(0, this.#ahead);
  }

  /** @throws {MalformedError} for an item that the consumer did not ask for. */
  frame(frame: StreamFrame, thrown: (error: Uint8Array) => unknown): void {
    const { stream } = frame;
    switch (frame.type) {
      case 'item':
        return this.incoming.get(stream)?.item(frame.value);
      case 'end': {
        const error = frame.error && { thrown: thrown(frame.error) };
        this.signals.get(stream)?.abort(error?.thrown);
        return this.incoming.get(stream)?.end(error);
      }
      case 'credit':
        if (this.#sources) this.#grant(stream, frame.count);
        else if (stream === 0) this.#ahead = Math.min(windowItems, frame.count);
        return;
      case 'stop':
        return this.outgoing.get(stream)?.stop(true);
    }
  }

  #grant(index: number, count: number): void {
    const stream = this.outgoing.get(index);
    if (!stream) return;
    this.#sources!.started = true;
    stream.grant(count);
  }
}
