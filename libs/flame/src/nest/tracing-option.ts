import type { CallTracer } from '../core/call-tracer.js';
import { carryAll } from '../core/context-carrier.js';
import type { ContextCarrier } from '../core/context-carrier.js';
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
  const carriers = [{ ...tracing.carrier, name: 'trace' }];
  return {
    tracing,
    context: carryAll(
      context ? [...carriers, { capture: () => context.capture(), run: (value, next) => context.run(value, next), name: 'app' }] : carriers,
    ),
  };
}
