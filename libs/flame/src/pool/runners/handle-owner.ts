import type { Codec } from '../../core/codec/codec.js';
import type { FlameError } from '../../core/errors/flame-error.js';
import type { PoolCall } from '../../core/pool/entries.js';
import type { PoolFact } from '../../core/pool/facts.js';
import type { Saturation } from '../../core/metrics/saturation.js';

/** Gets the answers of a runner. */
export interface AnswerObserver {
  /** A handler has ended by itself. */
  answered(how: 'returned' | 'threw', bytes: number, call: PoolCall): void;
  /** A handler has thrown. Called in addition to `answered`. */
  threw(call: PoolCall, error: unknown): void;
  /** The runner could not run the call, or could not send its result. */
  failed(call: PoolCall, error: FlameError): void;
}

/** The parts of a pool that a `RunnerHandle` uses. */
export interface HandleOwner {
  readonly codec: Codec;
  /** Names the runner in stacks: `runner ffmpeg-3 (pool ffmpeg)`. */
  readonly peer: string;
  /** Calls `wake` after `delay` milliseconds, unless cancelled. */
  after(delay: number, wake: () => void): () => void;
  dispatch(fact: PoolFact): void;
  /** Nothing is left of the runner. */
  gone(): void;
  /** Counts and reports the answers. */
  readonly observer: AnswerObserver;
  /** Calls on the runner wait for each other. */
  saturated?(found: Saturation): void;
  /** Logs a warning of the pool. */
  warn(text: string): void;
  /** Logs a line of the runner's own logger; `time` is when it was logged, in milliseconds since 1970. */
  log(level: string, text: string, call: number, time?: number): void;
}
