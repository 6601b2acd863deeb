import type { AbortListeners } from '../../core/call/abort-listeners.js';
import { CallScope } from '../../core/call/call-scope.js';
import type { CallTracer, CarriedTrace, TracedCall } from '../../core/call/call-tracer.js';
import type { Clock } from '../../core/clock.js';
import type { CallOptions } from '../../pool/calls/pending-call.js';
import { FlameCall, runAs } from '../../runner/executor/flame-call.js';
import { ActiveCall } from '../../runner/executor/active-call.js';
import { boundedStream } from '../../streams/bounded-stream.js';
import { kindOf } from '../../streams/stream-kind.js';
import * as errors from './in-place-errors.js';
import { nestLog } from '../log/nest-log.js';

/** The clock, listeners and tracer of calls in place. */
export interface InPlaceScopeSetup {
  readonly clock: Clock;
  readonly listeners: AbortListeners;
  readonly tracer?: CallTracer | undefined;
}

/** The setup of calls and children in place. */
export interface InPlaceSetup extends InPlaceScopeSetup {
  /** The children that live in this process. They end with the app. */
  readonly children: Set<EndingChild>;
}

/** A child in place, as the app ends it. */
export interface EndingChild {
  end(how: 'leaving', reason: string): Promise<unknown>;
}

/** One call in place. */
export interface InPlaceCall {
  /** `Class.method`, for people. */
  readonly name: string;
  /** Where it runs, for people. */
  readonly where: string;
  readonly options: CallOptions;
  /** Its time in milliseconds, if its options give none. */
  readonly timeout?: number;
  /** The work around, whose deadline and signal bound the call, too. */
  readonly outer?: ActiveCall | undefined;
  /** The attributes of its span. */
  readonly traced: TracedCall;
}

/** The scope of a call in place: its options, the call around and its span. */
export class InPlaceScope extends CallScope {
  readonly call: InPlaceCall;
  readonly trace: CarriedTrace | undefined;
  readonly #setup: InPlaceScopeSetup;
  /** Whether the method was called, and so may have run. */
  #begun = false;

  constructor(setup: InPlaceScopeSetup, call: InPlaceCall) {
    const { clock, listeners, tracer } = setup;
    const { options, outer, name, where } = call;
    const warn = (error: unknown): void => warnOfProgress(name, error);
    const begun = tracer?.begin(call.traced);
    super({ clock, listeners, onProgress: options.onProgress, warn, record: begun?.record });
    this.trace = begun?.trace;
    this.call = call;
    this.#setup = setup;
    const ran = (): 'no' | 'maybe' => (this.#begun ? 'maybe' : 'no');
    this.follow(options.signal, (signal) => errors.cancelled(name, where, ran(), signal));
    if (outer) this.follow(outer.signal, (signal) => errors.outerAborted(name, where, ran(), signal));
    const timeout = options.timeout ?? options.handlerTimeout ?? call.timeout ?? Infinity;
    this.limit(timeout, () => errors.timedOut(name, where, timeout));
    if (outer && outer.at < Infinity) {
      const left = outer.at - outer.host.now();
      this.limit(left, () => errors.outerTimedOut(name, where, ran(), left));
    }
  }

  /** Runs the call's work, within this scope; streams that it gives end with the scope, too. */
  async run(work: ActiveCall, task: () => unknown): Promise<unknown> {
    if (this.reason) throw this.reason;
    this.#begun = true;
    this.record?.ran({ call: work.id, runner: work.host.runnerId, waited: 0, boot: undefined });
    // Unlinked work goes on when its caller leaves; a deadline ends it, too.
    this.whenEnded((error) => {
      if (work.linked || error.code === 'FLAME_TIMEOUT') work.abort(error);
    });
    return this.within(this.#perform(work, task));
  }

  async #perform(work: ActiveCall, task: () => unknown): Promise<unknown> {
    const { tracer } = this.#setup;
    const call = new FlameCall(work);
    try {
      const value = await runAs(call, () => (tracer ? tracer.run(work, task) : task()));
      const kind = kindOf(value);
      if (kind === undefined || kind === 'signal') {
        this.close();
        work.over();
        return value;
      }
      const over = (left: boolean): void => {
        this.close();
        if (left) work.abort(errors.notRead(this.call.name, this.call.where));
        work.over();
      };
      this.whenEnded((error) => work.abort(error));
      return boundedStream(kind, value as object, { signal: work.signal, over, within: (more) => runAs(call, more) });
    } catch (error) {
      this.close(error);
      work.over();
      throw error;
    }
  }
}

/** The work of a call in place. Within a call it is part of that, and has its id. */
export class InPlaceActiveCall extends ActiveCall {
  readonly #outer: ActiveCall | undefined;

  constructor(scope: InPlaceScope, pool: string, runnerId: string, clock: Clock, outer: ActiveCall | undefined) {
    const { name, options } = scope.call;
    const host = {
      pool,
      runnerId,
      now: (): number => clock.now(),
      name: (): string => name,
      progress: (_: ActiveCall, value: unknown): void => scope.progress(value),
    };
    super(host, outer?.id ?? 0, 0, 'call', options.linked ?? true, 1, scope.at, scope.trace);
    this.#outer = outer;
  }

  override end(reason: string): void {
    if (this.#outer) this.#outer.end(reason);
    else super.end(reason);
  }
}

export function warnOfProgress(name: string, error: unknown): void {
  nestLog.warn(`onProgress of ${name} threw: ${error instanceof Error ? error.message : String(error)}`);
}
