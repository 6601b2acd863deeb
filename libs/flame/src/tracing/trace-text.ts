import { INVALID_TRACEID, propagation, trace, TraceFlags } from '@opentelemetry/api';
import type { Context, SpanContext } from '@opentelemetry/api';
import type { CarriedTrace } from '../core/call/call-tracer.js';
import { NestedContext } from './nested-context.js';

/**
 * What the app's propagators say of a context, for the way to a runner; undefined when they say nothing. Of a trace that nobody records it
 * is the two ids, where that is all that W3C's `traceparent` (https://www.w3.org/TR/trace-context/) would say. Else it is that
 * `traceparent`, and any other headers are JSON.
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
 * Whether the app's propagators say `traceparent` of a context and nothing else: they are W3C's, and it has neither a state nor baggage.
 */
function speaksIdsAlone(context: Context, { traceState }: SpanContext): boolean {
  if (traceState || propagation.getBaggage(context)) return false;
  let parent = false;
  for (const field of propagation.fields()) {
    if (field === 'traceparent') parent = true;
    // W3C's as well; these say something of a state and of baggage alone.
    else if (field !== 'tracestate' && field !== 'baggage') return false;
  }
  return parent;
}

/** The context around, with what came along from `writeTrace`. */
export function readTrace(carried: CarriedTrace, around: Context): Context {
  // Most calls are not recorded, and a propagator takes four times as long to find that out.
  if (typeof carried === 'object') {
    const { traceId, spanId } = carried;
    return trace.setSpanContext(new NestedContext(around), { traceId, spanId, traceFlags: TraceFlags.NONE, isRemote: true });
  }
  const headers = carried.startsWith('{') ? (JSON.parse(carried) as Record<string, string>) : { traceparent: carried };
  return propagation.extract(around, headers);
}

/** Whether a context is part of a trace that nobody records. */
export function isUnrecorded(context: Context): boolean {
  return unrecordedIn(context) !== undefined;
}

/** Where in a trace that nobody records a context is; undefined when it is in none such. */
export function unrecordedIn(context: Context): SpanContext | undefined {
  const span = trace.getSpan(context);
  if (span === undefined || span.isRecording()) return undefined;
  const around = span.spanContext();
  // Without an id it is no trace, and what comes next begins one.
  return (around.traceFlags & TraceFlags.SAMPLED) === 0 && around.traceId !== INVALID_TRACEID ? around : undefined;
}
