import { INVALID_TRACEID, propagation, trace, TraceFlags } from '@opentelemetry/api';
import type { Context, SpanContext } from '@opentelemetry/api';
import type { CarriedTrace } from '../core/call/call-tracer.js';
import { NestedContext } from './nested-context.js';

/**
 * The trace of a context in the form that a call carries to a runner: the headers of the app's propagators; undefined if they give none. If
 * the trace is not recorded, and W3C's `traceparent` (https://www.w3.org/TR/trace-context/) would be the only header, the result is its two
 * ids. Otherwise it is that `traceparent` as text, or JSON if there are other headers.
 */
export function writeTrace(context: Context, around = unrecordedIn(context)): CarriedTrace | undefined {
  if (around && speaksIdsAlone(context, around)) return around;
  const headers: Record<string, string> = {};
  propagation.inject(context, headers);
  let count = 0;
  for (const _ in headers) count++;
  if (count === 0) return undefined;
  const { traceparent } = headers;
  return count === 1 && typeof traceparent === 'string' ? traceparent : JSON.stringify(headers);
}

/**
 * Whether the app's propagators would write only `traceparent` for a context: they are W3C's, and the context has neither trace state nor
 * baggage.
 */
function speaksIdsAlone(context: Context, { traceState }: SpanContext): boolean {
  if (traceState || propagation.getBaggage(context)) return false;
  let parent = false;
  for (const field of propagation.fields()) {
    if (field === 'traceparent') parent = true;
    // These are W3C's as well, and are only written for a trace state or baggage.
    else if (field !== 'tracestate' && field !== 'baggage') return false;
  }
  return parent;
}

/** The surrounding context with the trace from `writeTrace`. */
export function readTrace(carried: CarriedTrace, around: Context): Context {
  // Most calls are not recorded, and a propagator takes four times as long to find that out.
  if (typeof carried === 'object') {
    const { traceId, spanId } = carried;
    return trace.setSpanContext(new NestedContext(around), { traceId, spanId, traceFlags: TraceFlags.NONE, isRemote: true });
  }
  const headers = carried.startsWith('{') ? (JSON.parse(carried) as Record<string, string>) : { traceparent: carried };
  return propagation.extract(around, headers);
}

/** Whether a context belongs to a trace that is not recorded. */
export function isUnrecorded(context: Context): boolean {
  return unrecordedIn(context) !== undefined;
}

/** The span context of a trace that is not recorded; undefined if the context belongs to no such trace. */
export function unrecordedIn(context: Context): SpanContext | undefined {
  const span = trace.getSpan(context);
  if (span === undefined || span.isRecording()) return undefined;
  const around = span.spanContext();
  // Without a trace id there is no trace, and the next span begins one.
  return (around.traceFlags & TraceFlags.SAMPLED) === 0 && around.traceId !== INVALID_TRACEID ? around : undefined;
}
