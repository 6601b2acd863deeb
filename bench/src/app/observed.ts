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

/** Exports to nobody: what leaves the process is the collector's business. */
const nowhere: SpanExporter = {
  export: (_, done) => done({ code: 0 }),
  shutdown: async () => {},
};

/** Traces that are recorded whatever the share: what is done for one in a hundred would not get compiled within the bench's time. */
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

/** OpenTelemetry's SDK as an app in production has it, with this share of all traces recorded. */
export function setUpTracing(recorded: number): void {
  const sampler = new ParentBasedSampler({ root: new WarmedUpSampler(recorded) });
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler, spanProcessors: [new BatchSpanProcessor(nowhere)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }));
}

const tracer = trace.getTracer('bench');
const attributes = { 'code.function.name': 'number', 'code.lineno': 1 };

/** Does a piece of work under a span of its own, as instrumented apps do. */
export function inSpan<T>(name: string, work: () => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });
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
