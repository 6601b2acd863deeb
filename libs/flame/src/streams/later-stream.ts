import { Observable } from 'rxjs';
import { FlameError } from '../core/errors/flame-error.js';
import { remoteStream } from './remote-stream.js';
import type { ItemReader } from './remote-stream.js';
import { openSource } from './source-iterator.js';
import type { SourceIterator } from './source-iterator.js';
import { kindNames, kindOf } from './stream-kind.js';
import type { StreamKind } from './stream-kind.js';

/** Makes the call whose result is the stream. `signal` aborts when the stream is not consumed any more. */
export type OpenStream = (signal: AbortSignal) => Promise<unknown>;

/**
 * A stream whose call is made at the first read. Each subscription to an Observable makes its own call. `unexpected` creates the error for
 * a result that is not a stream of this kind.
 */
export function laterStream(kind: StreamKind, open: OpenStream, unexpected: (what: string) => unknown): object {
  const call = async (leaving: AbortController): Promise<object> => {
    const result = await open(leaving.signal);
    const is = kindOf(result);
    if (is === kind) return result as object;
    leaving.abort(nobodyReads());
    throw unexpected(is === undefined || is === 'signal' ? 'no stream' : `another kind of stream, ${kindNames[is]}`);
  };
  return kind === 'observable' ? laterObservable(call) : remoteStream(kind, new LaterReader(kind, call));
}

function laterObservable(call: (leaving: AbortController) => Promise<object>): Observable<unknown> {
  return new Observable((subscriber) => {
    const leaving = new AbortController();
    let opened = false;
    call(leaving).then(
      (source) => {
        opened = true;
        if (!subscriber.closed) subscriber.add((source as Observable<unknown>).subscribe(subscriber));
      },
      (error: unknown) => subscriber.error(error),
    );
    return () => {
      if (!opened) leaving.abort(nobodyReads());
    };
  });
}

class LaterReader implements ItemReader {
  readonly #kind: StreamKind;
  readonly #call: (leaving: AbortController) => Promise<object>;
  readonly #leaving = new AbortController();
  #opening: Promise<SourceIterator> | undefined;
  #source: SourceIterator | undefined;
  #over = false;

  constructor(kind: StreamKind, call: (leaving: AbortController) => Promise<object>) {
    this.#kind = kind;
    this.#call = call;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#over) {
      try {
        const source = this.#source ?? (await (this.#opening ??= this.#open()));
        const result = await source.next();
        if (!result.done) return result;
      } catch (error) {
        // A consumer that has left does not get the error of the cancelled call.
        if (!this.#over) {
          this.#over = true;
          throw error;
        }
      }
    }
    this.#over = true;
    return { done: true, value: undefined };
  }

  async return(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    if (this.#source) await this.#source.return();
    else if (this.#opening) this.#leaving.abort(nobodyReads());
  }

  async #open(): Promise<SourceIterator> {
    this.#source = openSource(this.#kind, await this.#call(this.#leaving));
    return this.#source;
  }
}

function nobodyReads(): FlameError {
  return new FlameError('FLAME_CANCELLED', 'its stream is no longer read');
}
