import type { ContextCarrier } from './context-carrier.js';

/**
 * Follows calls from their callers to their handlers: what the option `tracing` takes. `flameTracing()` of `nestjs-flame/tracing` makes one for
 * OpenTelemetry. Its methods must not throw.
 */
export interface CallTracer {
  /** Takes the trace along to the runner, beside what the app's own `context` lets travel. For a call that has begun `capture` comes next. */
  readonly carrier: ContextCarrier;
  /** At the parent: a call is made, here and now. Gives what is told of it; undefined for a call that nobody records. */
  begin(call: TracedCall): CallTrace | undefined;
  /** On the runner: runs a handler, in the context that the carrier has entered. Gives what `handler` gives. */
  run(call: TracedRun, handler: () => unknown): unknown;
}

export interface TracedCall {
  readonly pool: string;
  /** `Class.method`. */
  readonly handler: string;
  readonly mode: 'call' | 'cast' | 'child';
  readonly attempt: number;
}

export interface TracedRun {
  readonly pool: string;
  readonly handler: string;
  readonly runner: string | undefined;
  readonly call: number | undefined;
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
