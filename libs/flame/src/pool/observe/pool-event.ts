import type { BootError } from '../../core/errors/boot-error.js';

/** What happens to a pool, as `events$` tells it. `at` is the wall clock, in milliseconds since 1970. */
export type PoolNotice = { readonly pool: string; readonly at: number } & (
  | { readonly is: 'booting'; readonly runner: string; readonly count: number }
  | { readonly is: 'up'; readonly runner: string; readonly machine: string; readonly took: number }
  | { readonly is: 'boot-failed'; readonly runner: string; readonly error: BootError }
  | { readonly is: 'suspended' | 'resumed'; readonly runner: string }
  /** It takes no new calls; it stops when its work is done. */
  | { readonly is: 'retiring'; readonly runner: string; readonly reason: string }
  | { readonly is: 'stopping'; readonly runner: string; readonly reason: string }
  | { readonly is: 'lost'; readonly runner: string; readonly how: string }
  | { readonly is: 'gone'; readonly runner: string; readonly count: number }
  /** No slot was free: it waits, and `waiting` calls in all. */
  | { readonly is: 'call-waiting'; readonly call: number; readonly handler: string; readonly waiting: number }
  | { readonly is: 'call-started'; readonly call: number; readonly handler: string; readonly runner: string; readonly waited: number }
  | { readonly is: 'call-ended'; readonly call: number; readonly handler: string; readonly runner: string; readonly ran: number }
  /** The handler has returned or thrown. Its slot is free with `call-ended`: at once, or when its streams, resources or child have ended. */
  | {
      readonly is: 'call-answered';
      readonly call: number;
      readonly handler: string;
      readonly runner: string | undefined;
      readonly outcome: 'returned' | 'threw';
    }
  /** What is to be attempt `attempt` follows `error`. */
  | { readonly is: 'call-retried'; readonly attempt: number; readonly attempts: number; readonly error: Error }
  /** Nobody awaits the cast any more. */
  | { readonly is: 'cast-failed'; readonly call: number; readonly handler: string; readonly error: unknown }
  /** The caller was answered with one of FLAME's own errors. */
  | {
      readonly is: 'call-failed';
      readonly call: number;
      readonly handler: string;
      readonly runner: string | undefined;
      readonly error: Error;
    }
  /** Its `min` runners are up, or it goes on without them. */
  | { readonly is: 'started' }
  | { readonly is: 'log-lines-dropped'; readonly runner: string; readonly lines: number }
  | { readonly is: 'resized'; readonly min: number; readonly max: number }
  /** Calls wait, until it is `unpaused`. */
  | { readonly is: 'paused'; readonly reason: string }
  | { readonly is: 'unpaused' }
  | { readonly is: 'draining'; readonly reason: string }
  | { readonly is: 'drained' }
);

/** What happened, without where and when. */
export type PoolNews = PoolNotice extends infer N ? (N extends PoolNotice ? Omit<N, 'pool' | 'at'> : never) : never;
