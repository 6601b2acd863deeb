import { FlameCall, runAs } from '../runner/flame-call.js';
import { Work } from '../runner/work.js';
import type { Workplace } from '../runner/work.js';
import type { Clock } from '../core/clock.js';
import type { FlameError } from '../core/flame-error.js';
import { reasonOf } from '../parent/call-verdicts.js';
import type { CallOptions } from '../parent/pending-call.js';
import { boundedStream } from '../streams/bounded-stream.js';
import { kindOf } from '../streams/stream-kind.js';
import * as verdict from './rpc-verdicts.js';

/** What a call in place is made with. */
export interface InPlaceSetup {
  readonly instance: string;
  readonly clock: Clock;
  /** The time it has where it does not say. */
  readonly timeout: number;
}

/**
 * Runs a method here, since its region is this one: on this very instance, with the arguments as they are, and with the time and the signal that it
 * would have elsewhere, for what it gives and, if that is read as a stream, to the stream's end.
 */
export function runInPlace(setup: InPlaceSetup, name: string, options: CallOptions, run: () => unknown): Promise<unknown> {
  const { clock } = setup;
  const { signal, onProgress, timeout = setup.timeout } = options;
  if (signal?.aborted) return Promise.reject(verdict.neverSent(name, reasonOf(signal), signal.reason));
  const place: Workplace = {
    // Inside a pool's handler it is still part of that.
    pool: FlameCall.current()?.pool ?? '',
    runnerId: setup.instance,
    now: () => clock.now(),
    name: () => name,
    progress: (_, value) => onProgress?.(value),
  };
  const work = new Work(place, 0, 0, 'call', options.linked ?? true, 1, clock.now() + timeout);
  const call = new FlameCall(work);
  return new Promise((resolve, reject) => {
    const fail = (error: FlameError): void => {
      over();
      reject(error);
      work.abort(error);
    };
    const aborted = (): void => fail(verdict.cancelledCall(name, 'while running here', reasonOf(signal!), signal!.reason));
    const cancel = clock.after(timeout, () => fail(verdict.timedOut(name, 'of running here', timeout, 'maybe')));
    const over = (): void => {
      cancel();
      signal?.removeEventListener('abort', aborted);
    };
    signal?.addEventListener('abort', aborted, { once: true });
    const give = (value: unknown): void => {
      const kind = options.reads ? kindOf(value) : undefined;
      if (kind === undefined || kind === 'signal') {
        over();
        return resolve(value);
      }
      const ended = (left: boolean): void => {
        over();
        if (left) work.abort(verdict.notRead(name));
      };
      resolve(boundedStream(kind, value as object, { signal: work.signal, over: ended, within: (task) => runAs(call, task) }));
    };
    const thrown = (error: unknown): void => {
      over();
      reject(error as Error);
    };
    try {
      const result = runAs(call, run);
      if (isThenable(result)) result.then(give, thrown);
      else give(result);
    } catch (error) {
      thrown(error);
    }
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
