import type { CallTracer } from '../../core/call/call-tracer.js';
import { show } from '../../core/options/option-reader.js';
import type { OptionReader } from '../../core/options/option-reader.js';

/** The option `tracing`; undefined when it was left out. */
export function readTracing(read: OptionReader): CallTracer | undefined {
  const value = read.raw('tracing');
  if (value === undefined) return undefined;
  const { begin, carry, run } = (value ?? {}) as Partial<CallTracer>;
  if ([begin, carry, run].every((method) => typeof method === 'function')) return value as CallTracer;
  throw read.refuse('tracing', `must be a CallTracer, but is ${show(value)}`, "Give flameTracing() of 'nestjs-flame/tracing'.");
}
