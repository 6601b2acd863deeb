import { getEventListeners } from 'node:events';
import { Injectable } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failure } from '../../../../test/support/failure.js';
import { logged } from '../../../../test/support/nest-app.js';
import { until } from '../../../../test/support/process-table.js';
import { Regions } from '../../../../test/support/regions.js';
import { FlameCall } from '../runner/executor/flame-call.js';
import { flameTracing } from '../tracing/flame-tracing.js';
import type { Discovery, FoundInstance } from './discovery/discovery.js';
import { OnRegion } from './on-region.decorator.js';
import { RegionRpc } from './region-rpc.service.js';

@Injectable()
class Notes {
  release = (): void => {};

  @OnRegion('primary')
  async write(): Promise<void> {}

  @OnRegion('primary')
  async stay(): Promise<void> {
    await new Promise<void>((resolve) => (this.release = resolve));
  }

  @OnRegion('primary')
  async copy(): Promise<string> {
    FlameCall.current()!.progress('half');
    return trace.getActiveSpan()?.spanContext().spanId ?? 'no span';
  }

  @OnRegion('primary')
  async fail(): Promise<void> {
    throw new TypeError('no such note');
  }
}

const notes = { providers: [Notes] };

/** An instance far from the primary region, which finds what `find` says. */
function far(find: Discovery['find']): Promise<TestingModule> {
  return new Regions().start('hkg', notes, { discovery: { find } });
}

describe('RegionCalls', () => {
  it('rejects a call to an instance that is shutting down, with that reason', async () => {
    const regions = new Regions();
    const syd = await regions.start('syd', notes);
    const hkg = await regions.start('hkg', notes);
    await regions.see(hkg, 2);
    const running = hkg.get(Notes).stay();
    const service = syd.get(Notes);
    const idle = service.release;
    await until(() => service.release !== idle);
    const closed = syd.close();
    await regions.see(hkg, 1);
    expect(await failure(hkg.get(Notes).write())).toMatchObject({
      code: 'FLAME_REFUSED',
      ran: 'no',
      message: expect.stringMatching(
        /"syd" answers\. Regions known: hkg \(1\)\. Instances that accept no calls: 127\.\S+:7171: it is shutting down\.$/,
      ),
    });
    service.release();
    await Promise.all([running, closed]);
  });

  it('rejects a call when its signal aborts during the first discovery', async () => {
    let looking!: AbortSignal;
    const hkg = await far((signal) => {
      looking = signal;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    });
    const giveUp = new AbortController();
    const call = failure(hkg.get(RegionRpc).onPrimary(Notes, { timeout: Infinity, signal: giveUp.signal }).write());
    giveUp.abort(new Error('its user has gone'));
    expect(await call).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'no', message: expect.stringContaining('its user has gone') });
    expect(looking.aborted).toBe(false);
    expect(getEventListeners(giveUp.signal, 'abort')).toEqual([]);
  });
});

describe('A call to a region', () => {
  async function nearAndFar() {
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    onTestFinished(() => [trace, context, propagation].forEach((api) => api.disable()));
    const regions = new Regions();
    const tracing = flameTracing();
    const near = await regions.start('syd', notes, { tracing });
    const far = await regions.start('hkg', notes, { tracing });
    await regions.see(far, 2);
    const outer = trace.getTracer('app').startSpan('outer');
    const within = <T>(call: () => Promise<T>): Promise<T> => context.with(trace.setSpan(context.active(), outer), call);
    /** `flame.call` and `flame.run`, once both have ended. */
    const spans = async () => {
      const find = (wanted: string) => exporter.getFinishedSpans().find(({ name }) => name === wanted);
      await until(() => find('flame.call') !== undefined && find('flame.run') !== undefined);
      return { call: find('flame.call')!, run: find('flame.run')! };
    };
    return { apps: { near, far }, outer: outer.spanContext(), within, spans };
  }

  it.each(['near', 'far'] as const)('is one trace from its caller to its handler, %s', async (where) => {
    const { apps, outer, within, spans } = await nearAndFar();
    const inside = await within(() => apps[where].get(Notes).copy());
    const { call, run } = await spans();
    expect(call).toMatchObject({ parentSpanContext: { spanId: outer.spanId }, attributes: { 'rpc.method': 'Notes/copy' } });
    expect(run.parentSpanContext?.spanId).toBe(call.spanContext().spanId);
    expect(run.spanContext()).toMatchObject({ traceId: outer.traceId, spanId: inside });
  });

  it.each(['near', 'far'] as const)('records an error in its trace, %s', async (where) => {
    const { apps, within, spans } = await nearAndFar();
    await expect(within(() => apps[where].get(Notes).fail())).rejects.toThrow('no such note');
    for (const span of Object.values(await spans())) expect(span.attributes['error.type']).toBe('TypeError');
  });

  it.each(['near', 'far'] as const)('reports progress to its caller, %s', async (where) => {
    const { apps } = await nearAndFar();
    const told: unknown[] = [];
    await apps[where]
      .get(RegionRpc)
      .onPrimary(Notes, { onProgress: (value) => told.push(value) })
      .copy();
    expect(told).toEqual(['half']);
  });
});

describe('InstanceTable', () => {
  it('keeps nothing of a discovery that has ended', async () => {
    const signals: AbortSignal[] = [];
    await far(async (signal) => {
      signals.push(signal);
      return [];
    });
    await until(() => signals.length > 2);
    for (const signal of signals.slice(0, -1)) expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['no address', [{ address: '10.0.0.4' }], 'the address of instance 0 in its result must be host:port, but is "10.0.0.4"'],
    ['no list', undefined, 'its find() must return a list of instances, but returned undefined'],
  ])('describes bad results of a custom discovery: %s', async (_, given, says) => {
    await far(async () => given as FoundInstance[]);
    await until(() => logged.some((line) => line.includes(`the discovery of instances failed, so the known instances are kept: ${says}`)));
  });
});
