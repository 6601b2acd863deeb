import { metrics, trace } from '@opentelemetry/api';
import type { MeterProvider } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import type { ExportResult } from '@opentelemetry/core';
import { BasicTracerProvider, BatchSpanProcessor, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it } from 'vitest';
import { exportTelemetry } from './telemetry.js';

/** Exports when the test says so. Its `shutdown` waits for what is on its way, as OTLP's does. */
class TestExporter implements SpanExporter {
  readonly exported: string[] = [];
  /** Resolves when an export has begun. */
  readonly begun: Promise<void>;
  readonly #begin: () => void;
  readonly #may: Promise<unknown>;
  #underWay: Promise<void> = Promise.resolve();

  constructor(may: Promise<unknown> = Promise.resolve()) {
    this.#may = may;
    let begin!: () => void;
    this.begun = new Promise((resolve) => (begin = resolve));
    this.#begin = begin;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#begin();
    this.#underWay = this.#may.then(
      () => {
        this.exported.push(...spans.map(({ name }) => name));
        done({ code: ExportResultCode.SUCCESS });
      },
      (error: Error) => done({ code: ExportResultCode.FAILED, error }),
    );
  }

  shutdown(): Promise<void> {
    return this.#underWay;
  }
}

function record(processor: SpanProcessor, name: string): void {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  trace.getTracer('app').startSpan(name).end();
}

const logs = Symbol.for('io.opentelemetry.js.api.logs');

describe('exportTelemetry', () => {
  afterEach(() => {
    trace.disable();
    metrics.disable();
    delete (globalThis as Record<symbol, unknown>)[logs];
  });

  it.each([
    ['BatchSpanProcessor', BatchSpanProcessor],
    ['SimpleSpanProcessor', SimpleSpanProcessor],
  ])('exports the spans of a %s', async (_, Processor) => {
    const exporter = new TestExporter();
    record(new Processor(exporter), 'held');
    await exportTelemetry();
    expect(exporter.exported).toEqual(['held']);
  });

  it('waits for exports that have already begun', async () => {
    let answer!: () => void;
    const exporter = new TestExporter(new Promise<void>((resolve) => (answer = resolve)));
    record(new BatchSpanProcessor(exporter, { scheduledDelayMillis: 1 }), 'on its way');
    await exporter.begun;
    const order: string[] = [];
    const all = exportTelemetry().then(() => order.push('ended'));
    await new Promise((resolve) => setImmediate(resolve));
    order.push('answered');
    answer();
    await all;
    expect(order).toEqual(['answered', 'ended']);
    expect(exporter.exported).toEqual(['on its way']);
  });

  it('also flushes the providers of metrics and of logs', async () => {
    const asked: string[] = [];
    const provider = (name: string): object => ({
      forceFlush: async () => void asked.push(`${name} flush`),
      shutdown: async () => void asked.push(`${name} shutdown`),
    });
    metrics.setGlobalMeterProvider(provider('metrics') as MeterProvider);
    (globalThis as Record<symbol, unknown>)[logs] = (version: number) => (version === 1 ? provider('logs') : undefined);
    await exportTelemetry();
    expect(asked.toSorted()).toEqual(['logs flush', 'logs shutdown', 'metrics flush', 'metrics shutdown']);
  });

  it("reports the exporter's error once, and still flushes the other providers", async () => {
    const exporter = new TestExporter(Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:4318')));
    record(new BatchSpanProcessor(exporter), 'not taken');
    let ended = false;
    metrics.setGlobalMeterProvider({ shutdown: async () => void (ended = true) } as unknown as MeterProvider);
    await expect(exportTelemetry()).rejects.toThrow(/^connect ECONNREFUSED 127\.0\.0\.1:4318$/);
    expect(ended).toBe(true);
  });

  it('does nothing without an SDK, and with the API alone', async () => {
    await exportTelemetry({});
    trace.setGlobalTracerProvider({ getTracer: () => trace.getTracer('none') });
    await exportTelemetry();
  });
});
