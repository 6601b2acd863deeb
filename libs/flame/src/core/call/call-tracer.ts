import { show } from '../options/option-reader.js';
import type { OptionReader } from '../options/option-reader.js';

/**
 * Follows calls from their callers to their handlers: what the option `tracing` takes. `flameTracing()` of `nestjs-flame/tracing` makes one
 * for OpenTelemetry. Of its methods only `run` may throw: what the work throws, and when what came along makes no sense.
 */
export interface CallTracer {
  /** At the parent: a call is made, here and now. */
  begin(call: TracedCall): BegunCall;
  /** At the parent: the trace around, for a call without a span of its own. With undefined nothing travels. */
  carry(): CarriedTrace | undefined;
  /** On the runner: does the work in the trace that came along, and gives what it gives. */
  run(run: TracedRun, work: () => unknown): unknown;
}

/** A call that has begun. */
export interface BegunCall {
  /** Told what becomes of the call; undefined for a call that is not recorded. */
  readonly record: CallTrace | undefined;
  /** The trace that travels to the runner; with undefined nothing travels. */
  readonly trace: CarriedTrace | undefined;
}

/**
 * What a runner is told of its caller's trace: any text that the tracer can read, or where it is, which is all that is left to know of a
 * trace that nobody records. Two ids travel as they are: most calls bring them along, and it is dear to put a text together only to take it
 * apart again.
 */
export type CarriedTrace = string | TracePlace;

export interface TracePlace {
  readonly traceId: string;
  /** The span around. */
  readonly spanId: string;
}

export interface TracedCall {
  readonly pool: string;
  /** `Class.method`. */
  readonly handler: string;
  readonly mode: 'call' | 'cast' | 'child';
  readonly attempt: number;
}

/** Work on a runner. */
export interface TracedRun {
  /** The call's number. */
  readonly id: number;
  /** `Class.method`. */
  readonly name: string;
  readonly place: { readonly pool: string; readonly runnerId: string };
  /** Whether it has an end that its trace can wait for: not a child, and not a method of one, which is a part of it. */
  readonly followed: boolean;
  /** What `begin` or `carry` gave for it. */
  readonly trace: CarriedTrace | undefined;
}

/** One call, as its pool tells what becomes of it. */
export interface CallTrace {
  /** It was handed to a runner. Times are in milliseconds, back from now. */
  ran(start: CallStart): void;
  /** Its caller has been answered. Needs no `this`. */
  readonly ended: (error?: unknown) => void;
}

export interface CallStart {
  readonly call: number;
  readonly runner: string;
  readonly waited: number;
  /** The boot that it waited for: how long ago that began and ended. */
  readonly boot: { readonly began: number; readonly ended: number } | undefined;
}

/** The option `tracing`; undefined when it was left out. */
export function readTracing(read: OptionReader): CallTracer | undefined {
  const value = read.raw('tracing');
  if (value === undefined) return undefined;
  const { begin, carry, run } = (value ?? {}) as Partial<CallTracer>;
  if ([begin, carry, run].every((method) => typeof method === 'function')) return value as CallTracer;
  throw read.refuse('tracing', `must be a CallTracer, but is ${show(value)}`, "Give flameTracing() of 'nestjs-flame/tracing'.");
}
