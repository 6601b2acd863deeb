import type { CallTracer } from '../core/call-tracer.js';
import { carryAll } from '../core/context-carrier.js';
import type { ContextCarrier, NamedContextCarrier } from '../core/context-carrier.js';
import { show } from '../core/option-reader.js';
import type { OptionReader } from '../core/option-reader.js';

/** The option `tracing`; undefined when it was left out. */
export function readTracing(read: OptionReader): CallTracer | undefined {
  const value = read.raw('tracing');
  if (value === undefined) return undefined;
  const { carrier, begin, run } = (value ?? {}) as Partial<CallTracer>;
  if (carrier && typeof begin === 'function' && typeof run === 'function') return value as CallTracer;
  throw read.refuse('tracing', `must be a CallTracer, but is ${show(value)}`, "Give flameTracing() of 'nestjs-flame/tracing'.");
}

/** What travels with calls: the trace, and what the app lets travel. */
export function withTracing(
  tracing: CallTracer | undefined,
  context: ContextCarrier | undefined,
): { tracing: CallTracer | undefined; context: ContextCarrier | undefined } {
  if (!tracing) return { tracing, context };
  if (!context) return { tracing, context: tracing.carrier };
  return { tracing, context: carryAll([named('trace', tracing.carrier), named('app', context)]) };
}

function named(name: string, carrier: ContextCarrier): NamedContextCarrier {
  return { name, capture: () => carrier.capture(), run: (value, next) => carrier.run(value, next) };
}
