import { context, propagation, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import type { Context, TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator, TraceState, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { afterEach, describe, expect, it } from 'vitest';
import { isUnrecorded, readTrace, writeTrace } from './trace-text.js';

const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const inTrace = (traceFlags: TraceFlags, more = {}): Context => trace.setSpanContext(ROOT_CONTEXT, { ...ids, traceFlags, ...more });
const tenant = propagation.createBaggage({ tenant: { value: 'acme' } });
const w3c = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });

/** A propagator of the app's own, which writes one header. */
const colour = Symbol('colour');
const colours: TextMapPropagator<Record<string, string>> = {
  inject: (from, headers) => void (headers['x-colour'] = from.getValue(colour) as string),
  extract: (to, headers) => to.setValue(colour, headers['x-colour']),
  fields: () => ['x-colour'],
};

describe('writeTrace and readTrace', () => {
  afterEach(() => {
    propagation.disable();
    context.disable();
  });

  it('send a trace as a traceparent', () => {
    propagation.setGlobalPropagator(w3c);
    const text = writeTrace(inTrace(TraceFlags.SAMPLED))!;
    expect(text).toBe(`00-${ids.traceId}-${ids.spanId}-01`);
    expect(trace.getSpanContext(readTrace(text, ROOT_CONTEXT))).toEqual({ ...ids, traceFlags: TraceFlags.SAMPLED, isRemote: true });
  });

  it('send the two ids of a trace that is not recorded', () => {
    propagation.setGlobalPropagator(w3c);
    const carried = writeTrace(inTrace(TraceFlags.NONE))!;
    expect(carried).toMatchObject(ids);
    expect(trace.getSpanContext(readTrace(carried, ROOT_CONTEXT))).toEqual({ ...ids, traceFlags: TraceFlags.NONE, isRemote: true });
  });

  it('read a traceparent of a trace that is not recorded, too', () => {
    propagation.setGlobalPropagator(w3c);
    const read = readTrace(`00-${ids.traceId}-${ids.spanId}-00`, ROOT_CONTEXT);
    expect(trace.getSpanContext(read)).toEqual({ ...ids, traceFlags: TraceFlags.NONE, isRemote: true });
  });

  it.each([TraceFlags.NONE, TraceFlags.SAMPLED])('send baggage, with the flags %i', (traceFlags) => {
    propagation.setGlobalPropagator(w3c);
    const read = readTrace(writeTrace(propagation.setBaggage(inTrace(traceFlags), tenant))!, ROOT_CONTEXT);
    expect(propagation.getBaggage(read)?.getEntry('tenant')).toEqual({ value: 'acme' });
    expect(trace.getSpanContext(read)).toEqual({ ...ids, traceFlags, isRemote: true });
  });

  it('send the state of a trace that is not recorded', () => {
    propagation.setGlobalPropagator(w3c);
    const read = readTrace(writeTrace(inTrace(TraceFlags.NONE, { traceState: new TraceState('a=1') }))!, ROOT_CONTEXT);
    expect(trace.getSpanContext(read)?.traceState?.serialize()).toBe('a=1');
  });

  it('send the fields of another propagator, also for a trace that is not recorded', () => {
    propagation.setGlobalPropagator(new CompositePropagator({ propagators: [w3c, colours] }));
    const read = readTrace(writeTrace(inTrace(TraceFlags.NONE).setValue(colour, 'red'))!, ROOT_CONTEXT);
    expect([read.getValue(colour), trace.getSpanContext(read)?.traceId]).toEqual(['red', ids.traceId]);
  });

  it('send nothing without a propagator', () => {
    expect(writeTrace(inTrace(TraceFlags.NONE))).toBeUndefined();
    propagation.setGlobalPropagator(new W3CBaggagePropagator());
    expect(writeTrace(inTrace(TraceFlags.NONE))).toBeUndefined();
  });

  it('keep the values of the surrounding context', () => {
    propagation.setGlobalPropagator(w3c);
    const around = ROOT_CONTEXT.setValue(colour, 'red');
    for (const flags of [TraceFlags.NONE, TraceFlags.SAMPLED])
      expect(readTrace(writeTrace(inTrace(flags))!, around).getValue(colour)).toBe('red');
  });
});

describe('isUnrecorded', () => {
  it('is true within a trace that is not sampled, and false outside of a trace and below a span without an id', () => {
    const invalid = trace.setSpanContext(ROOT_CONTEXT, { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: TraceFlags.NONE });
    expect([inTrace(TraceFlags.NONE), inTrace(TraceFlags.SAMPLED), ROOT_CONTEXT, invalid].map(isUnrecorded)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
