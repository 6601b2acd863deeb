import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type { CallStart, CallTrace, CallTracer, TracedCall, TracedRun } from '../core/call-tracer.js';
import { FlameError } from '../core/flame-error.js';

/**
 * Spans of OpenTelemetry for the module's option `tracing`. A call is the span `flame.call` at its caller; below it are `flame.queue` and
 * `flame.boot`, where it waited for a slot and for a runner to boot, and on the runner `flame.run`, in which the handler's own spans are. They
 * are one trace, and baggage goes along, by whatever propagator the app has set up. What the handler streams after it has returned is not in it.
 *
 * The app sets up the SDK, in parent and runner alike: before that, and without one, all of this does nothing.
 */
export function flameTracing(): CallTracer {
  // Follows the app's provider, also one that is set up later.
  const tracer = trace.getTracer('nestjs-flame');
  const rpc = rpcAttributes();
  // Handed over here, in one turn, and not through `context.with`: that would make every promise of the process dearer on Node 20, where nothing
  // else of the app may use an AsyncLocalStorage.
  let capturing: Context | undefined;
  const within = <T>(scope: Context, make: () => T): T => {
    capturing = scope;
    try {
      return make();
    } finally {
      capturing = undefined;
    }
  };
  return {
    carrier: {
      capture: () => {
        const headers: Record<string, string> = {};
        propagation.inject(capturing ?? context.active(), headers);
        return Object.keys(headers).length > 0 ? headers : undefined;
      },
      run: (headers: Record<string, string>, next) => context.with(propagation.extract(context.active(), headers), next),
    },
    begin: (call) => new SpanOfCall(tracer, within, { ...rpc(call.handler), ...poolAttributes(call) }),
    run: (run, handler) => runInSpan(tracer, { ...rpc(run.handler), ...runAttributes(run) }, handler),
  };
}

type Within = <T>(scope: Context, make: () => T) => T;

/** `flame.call`, from the call to the answer. */
class SpanOfCall implements CallTrace {
  readonly #tracer: Tracer;
  readonly #within: Within;
  readonly #span: Span;
  readonly #context: Context;
  readonly #began = Date.now();
  #ran = false;

  constructor(tracer: Tracer, within: Within, attributes: Attributes) {
    this.#tracer = tracer;
    this.#within = within;
    this.#span = tracer.startSpan('flame.call', { kind: SpanKind.CLIENT, attributes });
    this.#context = trace.setSpan(context.active(), this.#span);
  }

  within<T>(make: () => T): T {
    return this.#within(this.#context, make);
  }

  ran({ call, runner, waited, boot }: CallStart): void {
    this.#ran = true;
    const now = Date.now();
    this.#span.setAttributes({ 'flame.call.id': call, 'flame.runner': runner });
    if (waited > 0) this.#past('flame.queue', now - waited, now);
    if (boot) this.#past('flame.boot', now - boot.began, now - boot.ended, { 'flame.runner': runner });
  }

  readonly ended = (error?: unknown): void => {
    if (error !== undefined) {
      // It waited for nothing.
      if (!this.#ran) this.#past('flame.queue', this.#began, Date.now(), { 'error.type': typeOf(error) });
      fail(this.#span, error);
    }
    this.#span.end();
  };

  /** What is over when it is told of. */
  #past(name: string, startTime: number, endTime: number, attributes?: Attributes): void {
    this.#tracer.startSpan(name, { startTime, attributes }, this.#context).end(endTime);
  }
}

function poolAttributes({ pool, mode, attempt }: TracedCall): Attributes {
  return { 'flame.pool': pool, 'flame.mode': mode, 'flame.attempt': attempt };
}

function runAttributes({ pool, runner, call }: TracedRun): Attributes {
  return { 'flame.pool': pool, 'flame.runner': runner, 'flame.call.id': call };
}

function runInSpan(tracer: Tracer, attributes: Attributes, run: () => unknown): unknown {
  const span = tracer.startSpan('flame.run', { kind: SpanKind.SERVER, attributes });
  const ended = (error?: unknown): void => {
    if (error !== undefined) fail(span, error);
    span.end();
  };
  let result: unknown;
  try {
    result = context.with(trace.setSpan(context.active(), span), run);
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

/** OpenTelemetry's conventions for remote calls, made once for each handler. */
function rpcAttributes(): (handler: string) => Attributes {
  const known = new Map<string, Attributes>();
  return (handler) => {
    let attributes = known.get(handler);
    if (attributes) return attributes;
    const dot = handler.indexOf('.');
    attributes = { 'rpc.system': 'nestjs-flame', 'rpc.service': handler.slice(0, Math.max(0, dot)), 'rpc.method': handler.slice(dot + 1) };
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
