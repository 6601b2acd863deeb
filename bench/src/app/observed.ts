import { get } from 'node:http';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';

/** Exports to nobody: what leaves the process is the collector's business. */
const nowhere: SpanExporter = {
  export: (_, done) => done({ code: 0 }),
  shutdown: async () => {},
};

/** OpenTelemetry's SDK as an app in production has it: one trace in a hundred, or every one. */
export function setUpTracing(every: boolean): void {
  const sampler = new ParentBasedSampler({ root: every ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(0.01) });
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler, spanProcessors: [new BatchSpanProcessor(nowhere)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
}

/** Prometheus, at a pace that is quick for it. */
export function scrape(url: string): void {
  setInterval(
    () =>
      void fetch(`${url}/metrics`).then(
        (response) => response.text(),
        () => undefined,
      ),
    1_000,
  ).unref();
}

/** Somebody has the dashboard open. */
export function lookAt(url: string): void {
  get(`${url}/flame/events`, (events) => events.resume());
}
