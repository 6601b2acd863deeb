import { context, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { setUpSdk } from '../../../../test/support/telemetry-sdk.js';
import { flameTracing } from './flame-tracing.js';

/** A pool whose calls of `Work.run` are traced as a module's are. */
function tracedRig(run: (...args: unknown[]) => unknown): PoolRig {
  const tracer = flameTracing();
  return new PoolRig({ 'Work.run': run }, { max: 1, queueTimeout: 1_000 }, { setup: { tracer }, runner: { tracer } });
}

describe('flameTracing', () => {
  it('asks the sampler once for a call that it does not sample, and makes no spans on either side', async () => {
    const { sampler, spans } = setUpSdk(SamplingDecision.NOT_RECORD);
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
    const { sampler, spans } = setUpSdk(SamplingDecision.NOT_RECORD);
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
    const { sampler, spans } = setUpSdk(SamplingDecision.RECORD);
    const rig = tracedRig(async () => {});
    await context.with(trace.setSpan(context.active(), trace.getTracer('app').startSpan('outer')), () => rig.call('Work.run'));
    expect(sampler.asked).toEqual(['outer', 'flame.call']);
    expect(spans()).toEqual([]);
    await rig.pool.drain();
  });

  it('makes the spans of both sides children of the span that is active at the call', async () => {
    const { spans } = setUpSdk();
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
    const { spans } = setUpSdk();
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
    const { spans } = setUpSdk();
    const rig = tracedRig(async () => {
      throw new RangeError('too much');
    });
    await expect(rig.call('Work.run')).rejects.toThrow('too much');
    await rig.pool.drain();
    const failed = { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'RangeError' } };
    expect([...spans('flame.call'), ...spans('flame.run')]).toMatchObject([failed, failed]);
  });

  it('ends the span of a call that could not be made', async () => {
    const { spans } = setUpSdk();
    const rig = tracedRig(async () => {});
    await expect(rig.call('Work.run', [() => {}])).rejects.toMatchObject({ code: 'FLAME_ENCODING' });
    expect(spans('flame.call')).toMatchObject([{ attributes: { 'error.type': 'FLAME_ENCODING' } }]);
    await rig.pool.drain();
  });

  it('sends nothing if the app has no SDK', async () => {
    const tracing = flameTracing();
    expect(tracing.begin({ pool: 'p', handler: 'Work.run', mode: 'call', attempt: 1 })).toEqual({ record: undefined, trace: undefined });
    const host = { pool: 'p', runnerId: 'p-1' };
    expect(tracing.run({ id: 1, name: 'Work.run', host, child: undefined, trace: undefined }, () => 'ran')).toBe('ran');
  });
});
