import { INVALID_TRACEID, propagation, trace, TraceFlags } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';

/** Of `traceparent` alone (https://www.w3.org/TR/trace-context/): `00-<trace id>-<span id>-<flags>`. */
const unsampled = '-00';
const parentLength = 55;
/** What W3C's propagators write; the others from a context's state and baggage alone. */
const w3c = ['traceparent', 'tracestate', 'baggage'];

/**
 * What the app's propagators say of a context, for the way to a runner; undefined when they say nothing. Mostly it is W3C's `traceparent`, which then
 * is all of the text; any other headers are JSON.
 */
export function writeTrace(context: Context): string | undefined {
  if (isUnrecorded(context) && speaksW3cAlone(context)) {
    const { traceId, spanId } = trace.getSpanContext(context)!;
    return `00-${traceId}-${spanId}${unsampled}`;
  }
  const headers: Record<string, string> = {};
  propagation.inject(context, headers);
  let count = 0;
  for (const _ in headers) count++;
  if (count === 0) return undefined;
  const { traceparent } = headers;
  return count === 1 && typeof traceparent === 'string' ? traceparent : JSON.stringify(headers);
}

/** Whether the app's propagators say `traceparent` of a context and nothing else: they are W3C's, and it has neither a state nor baggage. */
function speaksW3cAlone(context: Context): boolean {
  if (trace.getSpanContext(context)!.traceState || propagation.getBaggage(context)) return false;
  const fields = propagation.fields();
  return fields.includes('traceparent') && fields.every((field) => w3c.includes(field));
}

/** The context around, with what came along in a text of `writeTrace`. */
export function readTrace(text: string, around: Context): Context {
  if (text.startsWith('{')) return propagation.extract(around, JSON.parse(text) as Record<string, string>);
  if (text.length !== parentLength || !text.endsWith(unsampled)) return propagation.extract(around, { traceparent: text });
  // Most calls are not recorded, and a propagator takes four times as long to find that out.
  const [traceId, spanId] = [text.slice(3, 35), text.slice(36, 52)];
  return trace.setSpanContext(around, { traceId, spanId, traceFlags: TraceFlags.NONE, isRemote: true });
}

/** Whether a context is part of a trace that nobody records. */
export function isUnrecorded(context: Context): boolean {
  const span = trace.getSpan(context);
  if (span === undefined || span.isRecording()) return false;
  const { traceId, traceFlags } = span.spanContext();
  // Without an id it is no trace, and what comes next begins one.
  return (traceFlags & TraceFlags.SAMPLED) === 0 && traceId !== INVALID_TRACEID;
}
