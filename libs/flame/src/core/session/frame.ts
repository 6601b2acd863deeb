import type { CarriedTrace } from '../call/call-tracer.js';

/**
 * The messages between a parent and an attached runner. A link delivers frames in order, each exactly once (`transport/session/link.ts`).
 * `proto/flame/v1/runners.proto` defines their encoding.
 *
 * `id` is the call's number, chosen by the parent, unique within the session. Values are already encoded by the codec.
 */
export type Frame = ParentFrame | RunnerFrame | StreamFrame;

/** A caller awaits a call, but not a cast. A child lives until it is stopped. */
export type CallMode = 'call' | 'cast' | 'child';

/** Why the parent ends work: a deadline passed, the caller's signal aborted, or the parent itself is leaving. */
export type CancelCause = 'timeout' | 'caller' | 'leaving';

export type ParentFrame =
  /** Run a handler. `handlerTimeout` is the time it may run, in milliseconds, 0 for no limit. */
  | {
      type: 'call';
      id: number;
      /** The handler's index in the manifest. */
      handler: number;
      args: Uint8Array;
      mode: CallMode;
      handlerTimeout: number;
      linked: boolean;
      /** 1 for the first attempt. */
      attempt: number;
      /** The caller's captured context, if the app has the option `context`. */
      context?: Uint8Array;
      /** The caller's trace, if the app has the option `tracing`. */
      trace?: CarriedTrace;
      /** The id of the child on which to call `method`; `handler` is then the child's class. */
      child?: number;
      /** The method of the child. */
      method?: string;
      /** Whether the resources in the result are tracked; left out where the handler or the pool says. */
      tracks?: boolean;
      /** Between instances: the caller asks for `position`. */
      position?: boolean;
    }
  /** Abort work. The runner confirms with `return`, `throw`, `refuse` or `ended` once it is over. */
  | { type: 'cancel'; id: number; cause: CancelCause; reason: string }
  /** Asks whether the idle runner may stop. The runner answers with `consent`. */
  | { type: 'ask' }
  /** Measures the round trip and the runner's clock. The runner answers at once with `probed`, even while calls run. */
  | { type: 'probe'; id: number }
  /** Take no new calls, finish the running ones within `grace` milliseconds, then close. */
  | { type: 'leave'; grace: number; reason: string }
  /** The parent no longer holds tracked resource `resource` of call `id`. */
  | { type: 'release'; id: number; resource: number };

export type RunnerFrame =
  /** The handler's result. If `held`, the slot is not free yet, and `ended` follows. */
  | { type: 'return'; id: number; value: Uint8Array; held: boolean }
  /** The error that the handler threw. */
  | { type: 'throw'; id: number; error: Uint8Array; held: boolean }
  /** The runner could not run the handler, or not send its result: a FlameError of `code`. */
  | { type: 'refuse'; id: number; code: string; ran: string; reason: string; held: boolean }
  /** The runner has accepted a cast. */
  | { type: 'accept'; id: number }
  /** The work has ended, and its slot is free. `reason` is a child's exit reason. `byItself` is true if the child ended itself. */
  | { type: 'ended'; id: number; reason: string; byItself?: boolean }
  /** Tracked resource `resource` of call `id` has been released. */
  | { type: 'release'; id: number; resource: number }
  | { type: 'progress'; id: number; value: Uint8Array }
  /** Between instances: the position of the database's log, for the `return`, `throw` or `end` that follows. If it is not known, the reason. */
  | { type: 'position'; id: number; known: boolean; text: string }
  /** The answer to `ask`. */
  | { type: 'consent'; yes: boolean }
  /** The answer to `probe`: the runner's wall clock, in milliseconds since 1970. */
  | { type: 'probed'; id: number; time: number }
  /** The runner must end (SIGTERM, a spot notice). It takes no new calls, and closes when the running ones have ended. */
  | { type: 'leaving'; reason: string }
  /** A handler ignored its abort. The parent sends the runner no new calls, and ends it when the other calls have ended. */
  | { type: 'tainted'; reason: string }
  /**
   * A line of the runner's logger. `id` is the call to which it belongs, or 0; `time` is the runner's wall clock, in milliseconds since
   * 1970. With the level `dropped`, `text` is the number of dropped lines.
   */
  | { type: 'log'; id: number; level: string; text: string; time?: number }
  /** The runner's process stats, a JSON object (CPU, memory, event-loop delay). */
  | { type: 'stats'; text: string };

/**
 * Frames of streams, in both directions. `stream` is the index of the placeholder (`placeholder.ts`) in a call's arguments, which the
 * parent produces, or in its result, which the runner produces. The producer sends items and ends, and the consumer sends credits and
 * stops, so the numbers of the two directions never conflict. An aborted AbortSignal is sent as an end with its reason.
 */
export type StreamFrame =
  | { type: 'item'; id: number; stream: number; value: Uint8Array }
  /** The producer has ended; with `error` it has failed. */
  | { type: 'end'; id: number; stream: number; error?: Uint8Array }
  /**
   * The consumer takes `count` more items. The producer starts at the first credit. For stream 0 of the result a credit may come before
   * `return`, when the caller will certainly read it.
   */
  | { type: 'credit'; id: number; stream: number; count: number }
  /** The consumer has stopped reading. */
  | { type: 'stop'; id: number; stream: number };
