import type { CarriedTrace } from '../call/call-tracer.js';

/**
 * What parent and runner say to each other once a runner is attached. A link carries frames in order, each exactly once
 * (`transport/session/link.ts`); `proto/flame/v1/runners.proto` is their form on the wire.
 *
 * `id` is the call's number, chosen by the parent, unique within the session. Values are already encoded by the codec.
 */
export type Frame = ParentFrame | RunnerFrame | StreamFrame;

/** A call is awaited, a cast is not, a child stays until it is stopped. */
export type CallMode = 'call' | 'cast' | 'child';

/** Why the parent ends work: its time is up, its caller's signal aborted, or the parent itself is leaving. */
export type CancelCause = 'timeout' | 'caller' | 'leaving';

export type ParentFrame =
  /** Run a handler. `handlerTimeout` is the time it may run, in milliseconds, 0 for no limit. */
  | {
      type: 'call';
      id: number;
      /** The handler's place in the manifest. */
      handler: number;
      args: Uint8Array;
      mode: CallMode;
      handlerTimeout: number;
      linked: boolean;
      /** 1 for the first attempt. */
      attempt: number;
      /** The caller's captured context, when the app lets some travel. */
      context?: Uint8Array;
      /** What the caller's tracer lets travel. */
      trace?: CarriedTrace;
      /** The id of the child whose method this is; `handler` is then the child's class. */
      child?: number;
      /** The method of that child. */
      method?: string;
    }
  /** Abort work. The runner confirms with `return`, `throw`, `refuse` or `ended` once it is over. */
  | { type: 'cancel'; id: number; cause: CancelCause; reason: string }
  /** May this runner stop, being idle? Answered by `consent`. */
  | { type: 'ask' }
  /** Are you there, and what is the time? Answered at once by `probed`, whatever runs: an examination of the way there and back. */
  | { type: 'probe'; id: number }
  /** Take no new work, finish what runs within `grace` milliseconds, then close. */
  | { type: 'leave'; grace: number; reason: string }
  /** The parent no longer holds tracked resource `resource` of call `id`. */
  | { type: 'release'; id: number; resource: number };

export type RunnerFrame =
  /** The handler's result. When `held`, the slot is not free yet: `ended` follows. */
  | { type: 'return'; id: number; value: Uint8Array; held: boolean }
  /** What the handler threw. */
  | { type: 'throw'; id: number; error: Uint8Array; held: boolean }
  /** The runner could not run the handler, or not send its result: a FlameError of `code`. */
  | { type: 'refuse'; id: number; code: string; ran: string; reason: string; held: boolean }
  /** A cast was taken on. */
  | { type: 'accept'; id: number }
  /** The work is over and its slot free. `reason` is a child's exit reason; `byItself`: nobody but the child asked for its end. */
  | { type: 'ended'; id: number; reason: string; byItself?: boolean }
  /** Tracked resource `resource` of call `id` has been released. */
  | { type: 'release'; id: number; resource: number }
  | { type: 'progress'; id: number; value: Uint8Array }
  /** The answer to `ask`. */
  | { type: 'consent'; yes: boolean }
  /** The answer to `probe`: the runner's wall clock, in milliseconds since 1970. */
  | { type: 'probed'; id: number; time: number }
  /** The runner was told to go (SIGTERM, a spot notice): it takes no new work and closes when its work is done. */
  | { type: 'leaving'; reason: string }
  /** One of the runner's handlers ignored its abort: give it no new work, end it when the rest is done. */
  | { type: 'tainted'; reason: string }
  /**
   * A line of the runner's own logger; `id` is the call it belongs to, 0 for none; `time` is the runner's wall clock, in milliseconds since
   * 1970. Of level `dropped`: how many lines were too many.
   */
  | { type: 'log'; id: number; level: string; text: string; time?: number }
  /** The runner's process stats, a JSON object (CPU, memory, event-loop delay). */
  | { type: 'stats'; text: string };

/**
 * Streams run both ways. `stream` is the placeholder's index (`placeholder.ts`) among a call's arguments, whose producer is the parent, or
 * in its result, whose producer is the runner. Items and ends come from the producer, credits and stops from its consumer, so the two never
 * meet. An aborted AbortSignal is an end with its reason.
 */
export type StreamFrame =
  | { type: 'item'; id: number; stream: number; value: Uint8Array }
  /** The producer is done; with `error` it failed. */
  | { type: 'end'; id: number; stream: number; error?: Uint8Array }
  /**
   * The consumer takes `count` more items; the producer starts with the first one. For stream 0 of the result it may come before `return`:
   * its caller was going to read it anyway.
   */
  | { type: 'credit'; id: number; stream: number; count: number }
  /** The consumer wants no more. */
  | { type: 'stop'; id: number; stream: number };
