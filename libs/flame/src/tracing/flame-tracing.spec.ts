import { context, propagation, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SamplingDecision, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan, Sampler } from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it } from 'vitest';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import type { HandlerTable } from '../runner/handler-table.js';
import { tracedHandlers } from '../nest/traced-handlers.js';
import { flameTracing } from './flame-tracing.js';

/** Says the same of every span, and keeps whose it was asked about. */
class TestSampler implements Sampler {
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

/** A real SDK that keeps its spans. */
function setUp(decision: SamplingDecision): { sampler: TestSampler; spans: (name?: string) => ReadableSpan[] } {
  const exporter = new InMemorySpanExporter();
  const sampler = new TestSampler(decision);
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return { sampler, spans: (wanted) => exporter.getFinishedSpans().filter(({ name }) => wanted === undefined || name === wanted) };
}

/** A pool whose calls of `Work.run` are traced as a module's are. */
function tracedRig(run: (...args: unknown[]) => unknown): PoolRig {
  const tracing = flameTracing();
  const { carrier } = tracing;
  const table: HandlerTable = {
    name: () => 'Work.run',
    invoke: (_, args) => run(...args),
    child: () => undefined,
    tracks: () => undefined,
  };
  return new PoolRig(
    { 'Work.run': run },
    { max: 1, queueTimeout: 1_000 },
    { setup: { tracer: tracing, context: carrier }, runner: { context: carrier, table: tracedHandlers(table, tracing) } },
  );
}

describe('flameTracing', () => {
  afterEach(() => {
    trace.disable();
    context.disable();
    propagation.disable();
  });

  it('asks the sampler once for a call that it does not take, and makes no spans, on neither side', async () => {
    const { sampler, spans } = setUp(SamplingDecision.NOT_RECORD);
    let inside: ReturnType<typeof trace.getActiveSpan>;
    const rig = tracedRig(async () => void (inside = trace.getActiveSpan()));
    await rig.call('Work.run');
    expect(sampler.asked).toEqual(['flame.call']);
    expect(spans()).toEqual([]);
    // What the handler begins follows the decision.
    expect(inside?.spanContext()).toMatchObject({ traceFlags: TraceFlags.NONE, isRemote: true });
    await rig.pool.drain();
  });

  it('puts the spans of both sides under the one that is active where the call is made', async () => {
    const { spans } = setUp(SamplingDecision.RECORD_AND_SAMPLED);
    const rig = tracedRig(async () => trace.getActiveSpan()?.spanContext().spanId);
    const outer = trace.getTracer('app').startSpan('outer');
    const inside = await context.with(trace.setSpan(context.active(), outer), () => rig.call('Work.run'));
    const [call, run] = [spans('flame.call')[0]!, spans('flame.run')[0]!];
    expect([call.parentSpanContext?.spanId, run.parentSpanContext?.spanId]).toEqual([
      outer.spanContext().spanId,
      call.spanContext().spanId,
    ]);
    expect([call, run].map((span) => span.spanContext().traceId)).toEqual(Array(2).fill(outer.spanContext().traceId));
    expect(inside).toBe(run.spanContext().spanId);
    expect(trace.getActiveSpan()).toBeUndefined();
    await rig.pool.drain();
  });

  it('says of a call that got no runner where its time went', async () => {
    const { spans } = setUp(SamplingDecision.RECORD_AND_SAMPLED);
    const rig = tracedRig(() => new Promise(() => {}));
    const holding = rig.call('Work.run', [], { timeout: 60_000 });
    holding.catch(() => {});
    await rig.clock.advance(0);
    const late = rig.call('Work.run');
    await Promise.all([expect(late).rejects.toMatchObject({ code: 'FLAME_TIMEOUT' }), rig.clock.advance(1_000)]);
    const call = spans('flame.call').at(-1)!;
    expect(call).toMatchObject({ status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'FLAME_TIMEOUT' } });
    expect(spans('flame.queue').at(-1)!.parentSpanContext?.spanId).toBe(call.spanContext().spanId);
    expect(spans('flame.run')).toEqual([]);
    await Promise.all([rig.pool.drain(), rig.clock.advance(120_000)]);
  });

  it('ends the span of a call that could not be made', async () => {
    const { spans } = setUp(SamplingDecision.RECORD_AND_SAMPLED);
    const rig = tracedRig(async () => {});
    await expect(rig.call('Work.run', [() => {}])).rejects.toMatchObject({ code: 'FLAME_ENCODING' });
    expect(spans('flame.call')).toMatchObject([{ attributes: { 'error.type': 'FLAME_ENCODING' } }]);
    await rig.pool.drain();
  });

  it('takes along with a call that has no span of its own what is active where it is made', () => {
    setUp(SamplingDecision.RECORD_AND_SAMPLED);
    const { begin, carrier } = flameTracing();
    begin({ pool: 'p', handler: 'Work.run', mode: 'call', attempt: 1 });
    expect(carrier.capture()).toBeDefined();
    expect(carrier.capture()).toBeUndefined();
    const outer = trace.getTracer('app').startSpan('outer');
    const headers: unknown = context.with(trace.setSpan(context.active(), outer), () => carrier.capture());
    expect(headers).toEqual({ traceparent: expect.stringContaining(outer.spanContext().spanId) });
  });

  it('takes nothing along where the app has set up no SDK', async () => {
    const tracing = flameTracing();
    expect(tracing.begin({ pool: 'p', handler: 'Work.run', mode: 'call', attempt: 1 })).toBeUndefined();
    expect(tracing.carrier.capture()).toBeUndefined();
    expect(tracing.run({ pool: 'p', handler: 'Work.run', runner: 'p-1', call: 1 }, () => 'ran')).toBe('ran');
  });
});
