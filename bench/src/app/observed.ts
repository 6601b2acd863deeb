import { get } from 'node:http';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import type { Sampler, SamplingResult, SpanExporter } from '@opentelemetry/sdk-trace-base';

/** Discards the spans: the export is not a part of the measurement. */
const nowhere: SpanExporter = {
  export: (_, done) => done({ code: 0 }),
  shutdown: async () => {},
};

/** Number of traces that are recorded regardless of the share. Otherwise the code for one trace in a hundred would not be compiled in time. */
const warmUp = 20_000;

class WarmedUpSampler implements Sampler {
  readonly #sampler: Sampler;
  #asked = 0;

  constructor(share: number) {
    this.#sampler = new TraceIdRatioBasedSampler(share);
  }

  shouldSample(...about: Parameters<Sampler['shouldSample']>): SamplingResult {
    if (this.#asked < warmUp && ++this.#asked) return { decision: SamplingDecision.RECORD_AND_SAMPLED };
    return this.#sampler.shouldSample(...about);
  }
}

/** Sets up OpenTelemetry's SDK as an app in production does, and records this share of all traces. */
export function setUpTracing(recorded: number): void {
  const sampler = new ParentBasedSampler({ root: new WarmedUpSampler(recorded) });
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler, spanProcessors: [new BatchSpanProcessor(nowhere)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }));
}

const tracer = trace.getTracer('bench');
const attributes = { 'code.function.name': 'number', 'code.lineno': 1 };

/** Runs `work` in its own span, as instrumented apps do. */
export function inSpan<T>(name: string, work: () => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });
}

/** Scrapes the metrics as Prometheus does, but more often. */
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

/** Reads the dashboard's events, as an open page does. */
export function lookAt(url: string): void {
  get(`${url}/flame/events`, (events) => events.resume());
}
