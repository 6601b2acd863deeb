import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type { CallStart, CallTrace, CallTracer, TracedRun } from '../core/call/call-tracer.js';
import { FlameError } from '../core/errors/flame-error.js';
import { isUnrecorded, readTrace, unrecordedIn, writeTrace } from './trace-text.js';

/**
 * OpenTelemetry spans for the module's option `tracing`. A call is the span `flame.call` at its caller. Its child spans are `flame.queue`
 * and `flame.boot`, if the call waited for a slot or for the boot of a runner, and `flame.run` on the runner, which contains the handler's
 * own spans. Placing a child and each call of its methods are such calls, too. All these spans are one trace. The app's propagator carries
 * the trace, and its baggage. Items that the handler streams after it has returned are not part of the span.
 *
 * The app sets up the SDK, in parent and runner alike. Without an SDK, or before its setup, tracing does nothing. The caller's sampler
 * decides once for each call, and the runner follows its decision. A call within a trace that is not recorded is not recorded either,
 * without asking the sampler.
 */
export function flameTracing(): CallTracer {
  // The tracer uses the app's provider, even if that is set up later.
  const tracer = trace.getTracer('nestjs-flame');
  const attributesOf = rpcAttributes();
  return {
    begin: ({ pool, handler, mode, attempt, child }) => {
      const around = context.active();
      const unrecorded = unrecordedIn(around);
      if (unrecorded) return { record: undefined, trace: writeTrace(around, unrecorded) };
      const span = tracer.startSpan('flame.call', { kind: SpanKind.CLIENT, attributes: attributesOf(handler) }, around);
      // `context.with` is avoided: on Node 20 it would slow down every promise of a process that uses no other AsyncLocalStorage.
      const scope = trace.setSpan(around, span);
      const carried = writeTrace(scope);
      if (!span.isRecording()) return { record: undefined, trace: carried };
      span.setAttributes({ 'flame.pool': pool, 'flame.mode': mode, 'flame.attempt': attempt, 'flame.child.id': child });
      return { record: new SpanOfCall(tracer, span, scope, child === undefined), trace: carried };
    },
    run: (run, work) => {
      const around = context.active();
      if (typeof run.trace === 'object') return context.with(readTrace(run.trace, around), work);
      const scope = run.trace === undefined ? around : readTrace(run.trace, around);
      if (!isUnrecorded(scope)) {
        const span = tracer.startSpan('flame.run', { kind: SpanKind.SERVER, attributes: attributesOf(run.name) }, scope);
        if (span.isRecording()) {
          span.setAttributes(runAttributes(run));
          return runIn(span, trace.setSpan(scope, span), work);
        }
      }
      return scope === around ? work() : context.with(scope, work);
    },
  };
}

/** The span `flame.call`, from the call to its answer. */
class SpanOfCall implements CallTrace {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #context: Context;
  readonly #began = Date.now();
  /** Whether the call waits for a slot. */
  #waits: boolean;

  constructor(tracer: Tracer, span: Span, scope: Context, waits: boolean) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = scope;
    this.#waits = waits;
  }

  ran({ call, runner, waited, boot }: CallStart): void {
    this.#waits = false;
    const now = Date.now();
    this.#span.setAttributes({ 'flame.call.id': call, 'flame.runner': runner });
    if (waited > 0) this.#past('flame.queue', now - waited, now);
    if (boot) this.#past('flame.boot', now - boot.began, now - boot.ended, { 'flame.runner': runner });
  }

  readonly ended = (error?: unknown): void => {
    if (error !== undefined) {
      // The call never got a slot, so it waited the whole time.
      if (this.#waits) this.#past('flame.queue', this.#began, Date.now(), { 'error.type': typeOf(error) });
      fail(this.#span, error);
    }
    this.#span.end();
  };

  /** Makes a span for an interval that has already ended. */
  #past(name: string, startTime: number, endTime: number, attributes?: Attributes): void {
    this.#tracer.startSpan(name, { startTime, attributes }, this.#context).end(endTime);
  }
}

function runAttributes({ id, host, child }: TracedRun): Attributes {
  return { 'flame.pool': host.pool, 'flame.runner': host.runnerId, 'flame.call.id': id, 'flame.child.id': child };
}

/** Runs work within a span, and ends the span with it. */
function runIn(span: Span, scope: Context, work: () => unknown): unknown {
  const ended = (error?: unknown): void => {
    if (error !== undefined) fail(span, error);
    span.end();
  };
  let result: unknown;
  try {
    result = context.with(scope, work);
  } catch (error) {
    ended(error);
    throw error;
  }
  if (result instanceof Promise)
    result.then(
      () => ended(),
      (error: unknown) => ended(error ?? new Error('the handler rejected with nothing')),
    );
  else ended();
  return result;
}

/**
 * Attributes by OpenTelemetry's conventions for remote calls, created once for each handler. `Class.method` becomes `Class/method`. The id of
 * an inline function, such as `Class.method/1`, stays as it is.
 */
function rpcAttributes(): (handler: string) => Attributes {
  const known = new Map<string, Attributes>();
  return (handler) => {
    let attributes = known.get(handler);
    if (attributes) return attributes;
    attributes = { 'rpc.system.name': 'nestjs-flame', 'rpc.method': handler.includes('/') ? handler : handler.replace('.', '/') };
    known.set(handler, attributes);
    return attributes;
  };
}

function fail(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error));
  span.setAttribute('error.type', typeOf(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
}

function typeOf(error: unknown): string {
  if (error instanceof FlameError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
