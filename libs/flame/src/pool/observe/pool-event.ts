import type { BootError } from '../../core/errors/boot-error.js';

/** What happens to a pool, as `events$` tells it. `at` is the wall clock, in milliseconds since 1970. */
export type PoolEvent = { readonly pool: string; readonly at: number } & (
  | { readonly type: 'booting'; readonly runner: string; readonly count: number }
  | { readonly type: 'up'; readonly runner: string; readonly machine: string; readonly took: number }
  | { readonly type: 'boot-failed'; readonly runner: string; readonly error: BootError }
  | { readonly type: 'suspended' | 'resumed'; readonly runner: string }
  /** It takes no new calls; it stops when its work is done. */
  | { readonly type: 'retiring'; readonly runner: string; readonly reason: string }
  | { readonly type: 'stopping'; readonly runner: string; readonly reason: string }
  | { readonly type: 'lost'; readonly runner: string; readonly how: string }
  | { readonly type: 'gone'; readonly runner: string; readonly count: number }
  /** No slot was free: it waits, and `waiting` calls in all. */
  | { readonly type: 'call-waiting'; readonly call: number; readonly handler: string; readonly waiting: number }
  | { readonly type: 'call-started'; readonly call: number; readonly handler: string; readonly runner: string; readonly waited: number }
  | { readonly type: 'call-ended'; readonly call: number; readonly handler: string; readonly runner: string; readonly ran: number }
  /**
   * The handler has returned or thrown. Its slot is free with `call-ended`: at once, or when its streams, resources or child have ended.
   */
  | {
      readonly type: 'call-answered';
      readonly call: number;
      readonly handler: string;
      readonly runner: string | undefined;
      readonly outcome: 'returned' | 'threw';
    }
  /** What is to be attempt `attempt` follows `error`. */
  | { readonly type: 'call-retried'; readonly attempt: number; readonly attempts: number; readonly error: Error }
  /** Nobody awaits the cast any more. */
  | { readonly type: 'cast-failed'; readonly call: number; readonly handler: string; readonly error: unknown }
  /** The caller was answered with one of FLAME's own errors. */
  | {
      readonly type: 'call-failed';
      readonly call: number;
      readonly handler: string;
      readonly runner: string | undefined;
      readonly error: Error;
    }
  /** Its `min` runners are up, or it goes on without them. */
  | { readonly type: 'started' }
  | { readonly type: 'log-lines-dropped'; readonly runner: string; readonly lines: number }
  | { readonly type: 'resized'; readonly min: number; readonly max: number }
  /** Calls wait, until it is `unpaused`. */
  | { readonly type: 'paused'; readonly reason: string }
  | { readonly type: 'unpaused' }
  | { readonly type: 'draining'; readonly reason: string }
  | { readonly type: 'drained' }
);

/** What happened, without where and when. */
export type PoolNews = PoolEvent extends infer N ? (N extends PoolEvent ? Omit<N, 'pool' | 'at'> : never) : never;
