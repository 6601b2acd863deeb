import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

/** A span as the test reads it. */
export interface SpanRecord {
  readonly name: string;
  readonly kind: number;
  readonly trace: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly start: number;
  readonly took: number;
  readonly status: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const exporter = new InMemorySpanExporter();

/** A real SDK, as an app sets it up before it starts; what it exports stays in this process. */
export function setUpTracing(): void {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }));
}

/** What this process has exported. */
export function spans(): SpanRecord[] {
  return exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    kind: span.kind,
    trace: span.spanContext().traceId,
    id: span.spanContext().spanId,
    parent: span.parentSpanContext?.spanId,
    start: span.startTime[0] * 1_000 + span.startTime[1] / 1e6,
    took: span.duration[0] * 1_000 + span.duration[1] / 1e6,
    status: span.status.code,
    attributes: span.attributes,
  }));
}
