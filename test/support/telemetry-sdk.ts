import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SamplingDecision, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan, Sampler } from '@opentelemetry/sdk-trace-base';
import { onTestFinished } from 'vitest';

/** Decides the same for every span, and records which spans it was asked about. */
export class TestSampler implements Sampler {
  readonly asked: string[] = [];
  readonly #decision: SamplingDecision;

  constructor(decision: SamplingDecision) {
    this.#decision = decision;
  }

  shouldSample(_context: unknown, _trace: string, name: string): { decision: SamplingDecision } {
    this.asked.push(name);
    return { decision: this.#decision };
  }
}

/** OpenTelemetry's real SDK, whose finished spans stay in this process. It is removed at the end of the test. */
export function setUpSdk(decision = SamplingDecision.RECORD_AND_SAMPLED): {
  sampler: TestSampler;
  spans: (name?: string) => ReadableSpan[];
} {
  const exporter = new InMemorySpanExporter();
  const sampler = new TestSampler(decision);
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  onTestFinished(() => {
    trace.disable();
    context.disable();
    propagation.disable();
  });
  return { sampler, spans: (wanted) => exporter.getFinishedSpans().filter(({ name }) => wanted === undefined || name === wanted) };
}
