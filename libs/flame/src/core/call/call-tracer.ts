import { show } from '../options/option-reader.js';
import type { OptionReader } from '../options/option-reader.js';

/**
 * Traces calls from their callers to their handlers: the type of the option `tracing`. `flameTracing()` of `nestjs-flame/tracing` makes one
 * for OpenTelemetry. Only `run` may throw: the error of the work, or an error for a trace that it cannot read.
 */
export interface CallTracer {
  /** At the parent: a call is made now, in the current context. */
  begin(call: TracedCall): BegunCall;
  /** On the runner: runs `work` in the trace that came with the call, and returns its result. */
  run(run: TracedRun, work: () => unknown): unknown;
}

/** A call that has been made. */
export interface BegunCall {
  /** Records the events of the call; undefined if the call is not recorded. */
  readonly record: CallTrace | undefined;
  /** The trace that travels to the runner; if undefined, none does. */
  readonly trace: CarriedTrace | undefined;
}

/**
 * The caller's trace, as the runner gets it: a text that the tracer can read, or the ids of a span. A trace that is not recorded carries
 * only the ids. They travel as they are: most calls carry ids, and it is expensive to build a text only to parse it again.
 */
export type CarriedTrace = string | SpanIds;

/** The ids of a span, in hexadecimal as OpenTelemetry writes them. */
export interface SpanIds {
  readonly traceId: string;
  /** The span that surrounds the call. */
  readonly spanId: string;
}

/** A call at its caller. */
export interface TracedCall {
  readonly pool: string;
  /** `Class.method`; `new Class` for a child that is placed. */
  readonly handler: string;
  readonly mode: 'call' | 'cast' | 'child';
  readonly attempt: number;
  /** For a method of a child: the number of the call that placed the child. Such a call never waits. */
  readonly child?: number;
}

/** Work on a runner. */
export interface TracedRun {
  /** The call's number. */
  readonly id: number;
  /** `Class.method`; `new Class` for a child that is placed. The work then ends when the child's `onFlameStart` has ended. */
  readonly name: string;
  readonly host: { readonly pool: string; readonly runnerId: string };
  /** For a method of a child: the number of the call that placed the child. */
  readonly child: number | undefined;
  /** The result of `begin` for this work. */
  readonly trace: CarriedTrace | undefined;
}

/** Records one call. The pool reports the call's events to it. */
export interface CallTrace {
  /** The call was passed to a runner. Times are in milliseconds before now. */
  ran(start: CallStart): void;
  /** The caller has got its answer. Can be called without `this`. */
  readonly ended: (error?: unknown) => void;
}

/** A runner got the call. Times are in milliseconds. */
export interface CallStart {
  readonly call: number;
  readonly runner: string;
  /** How long the call waited for a slot. */
  readonly waited: number;
  /** The boot for which the call waited: how long ago it began and ended. */
  readonly boot: { readonly began: number; readonly ended: number } | undefined;
}

/** The option `tracing`; undefined if it is left out. */
export function readTracing(read: OptionReader): CallTracer | undefined {
  const value = read.raw('tracing');
  if (value === undefined) return undefined;
  const { begin, run } = (value ?? {}) as Partial<CallTracer>;
  if ([begin, run].every((method) => typeof method === 'function')) return value as CallTracer;
  throw read.refuse('tracing', `must be a CallTracer, but is ${show(value)}`, "Pass flameTracing() from 'nestjs-flame/tracing'.");
}
