import { context, propagation, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SamplingDecision, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan, Sampler } from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it } from 'vitest';
import { PoolRig } from '../../../../test/support/pool-rig.js';
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
  const tracer = flameTracing();
  return new PoolRig({ 'Work.run': run }, { max: 1, queueTimeout: 1_000 }, { setup: { tracer }, runner: { tracer } });
}

describe('flameTracing', () => {
  afterEach(() => {
    trace.disable();
    context.disable();
    propagation.disable();
  });

  it('asks the sampler once for a call that it does not sample, and makes no spans on either side', async () => {
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

  it('does not sample a call within a trace that is not recorded, and continues that trace at the handler', async () => {
    const { sampler, spans } = setUp(SamplingDecision.NOT_RECORD);
    let inside: ReturnType<typeof trace.getActiveSpan>;
    const rig = tracedRig(async () => void (inside = trace.getActiveSpan()));
    const outer = trace.getTracer('app').startSpan('outer');
    await context.with(trace.setSpan(context.active(), outer), () => rig.call('Work.run'));
    expect(sampler.asked).toEqual(['outer']);
    expect(spans()).toEqual([]);
    expect(inside?.spanContext()).toEqual({ ...outer.spanContext(), traceState: undefined, isRemote: true });
    await rig.pool.drain();
  });

  it('asks the sampler about a call within a span that is recorded but not sampled', async () => {
    const { sampler, spans } = setUp(SamplingDecision.RECORD);
    const rig = tracedRig(async () => {});
    await context.with(trace.setSpan(context.active(), trace.getTracer('app').startSpan('outer')), () => rig.call('Work.run'));
    expect(sampler.asked).toEqual(['outer', 'flame.call']);
    expect(spans()).toEqual([]);
    await rig.pool.drain();
  });

  it('passes the active trace to a child and its methods, without spans of their own', async () => {
    const { spans } = setUp(SamplingDecision.RECORD_AND_SAMPLED);
    const tracer = flameTracing();
    const active = (): string | undefined => trace.getActiveSpan()?.spanContext().spanId;
    let placed: string | undefined;
    const child = { onFlameStart: () => void (placed = active()), run: active };
    const rig = new PoolRig({ 'new Child': () => child }, { max: 1 }, { setup: { tracer }, runner: { tracer } });
    const outer = trace.getTracer('app').startSpan('outer');
    const handle = await context.with(trace.setSpan(context.active(), outer), () => rig.place('Child'));
    const asked = await context.with(trace.setSpan(context.active(), outer), () => handle.call('run', [], {}));
    expect(spans().map(({ name }) => name)).toEqual(['flame.call']);
    expect([placed, asked]).toEqual([spans('flame.call')[0]!.spanContext().spanId, outer.spanContext().spanId]);
    await Promise.all([rig.pool.drain(), rig.clock.advance(60_000)]);
  });

  it('makes the spans of both sides children of the span that is active at the call', async () => {
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

  it('records where the time of a call went that got no runner', async () => {
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

  it("ends the spans of a call whose handler throws with the handler's error", async () => {
    const { spans } = setUp(SamplingDecision.RECORD_AND_SAMPLED);
    const rig = tracedRig(async () => {
      throw new RangeError('too much');
    });
    await expect(rig.call('Work.run')).rejects.toThrow('too much');
    await rig.pool.drain();
    const failed = { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'RangeError' } };
    expect([...spans('flame.call'), ...spans('flame.run')]).toMatchObject([failed, failed]);
  });

  it('ends the span of a call that could not be made', async () => {
    const { spans } = setUp(SamplingDecision.RECORD_AND_SAMPLED);
    const rig = tracedRig(async () => {});
    await expect(rig.call('Work.run', [() => {}])).rejects.toMatchObject({ code: 'FLAME_ENCODING' });
    expect(spans('flame.call')).toMatchObject([{ attributes: { 'error.type': 'FLAME_ENCODING' } }]);
    await rig.pool.drain();
  });

  it('sends the active trace with a call without a span of its own', () => {
    setUp(SamplingDecision.RECORD_AND_SAMPLED);
    const { begin, carry } = flameTracing();
    expect(begin({ pool: 'p', handler: 'Work.run', mode: 'call', attempt: 1 }).trace).toBeDefined();
    expect(carry()).toBeUndefined();
    const outer = trace.getTracer('app').startSpan('outer');
    const text = context.with(trace.setSpan(context.active(), outer), () => carry());
    expect(text).toContain(outer.spanContext().spanId);
  });

  it('sends nothing if the app has no SDK', async () => {
    const tracing = flameTracing();
    expect(tracing.begin({ pool: 'p', handler: 'Work.run', mode: 'call', attempt: 1 })).toEqual({ record: undefined, trace: undefined });
    expect(tracing.carry()).toBeUndefined();
    const host = { pool: 'p', runnerId: 'p-1' };
    expect(tracing.run({ id: 1, name: 'Work.run', host, followed: true, trace: undefined }, () => 'ran')).toBe('ran');
  });
});
