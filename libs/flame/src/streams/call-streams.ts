import type { StreamFrame } from '../core/session/frame.js';
import type { Sources } from './value-encoder.js';
import type { Incoming } from './incoming.js';
import type { Outgoing } from './outgoing.js';
import { windowItems } from './window.js';

/** The streams of one call at one end of its session, by their numbers. */
export class CallStreams {
  readonly incoming = new Map<number, Incoming>();
  readonly outgoing = new Map<number, Outgoing>();
  /** Signals that came in, and what ends the following of those that went out. */
  readonly signals = new Map<number, AbortController>();
  readonly followed: (() => void)[] = [];
  /** The consumer has left one of the incoming streams before its end. */
  left = false;
  /** What was granted to the result itself before the handler had returned it. */
  #ahead = 0;
  #sources: Sources | undefined;

  /** All outgoing streams are there. */
  opened(sources: Sources): void {
    this.#sources = sources;
    if (this.#ahead > 0) this.#grant(0, this.#ahead);
  }

  /** @throws {MalformedError} on an item that was not asked for. */
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
