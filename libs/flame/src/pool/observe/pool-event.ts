import type { BootError } from '../../core/errors/boot-error.js';

/** An event of a pool, in `events$`. `at` is the wall clock, in milliseconds since 1970. */
export type PoolEvent = { readonly pool: string; readonly at: number } & (
  | { readonly type: 'booting'; readonly runner: string; readonly count: number }
  | { readonly type: 'up'; readonly runner: string; readonly machine: string; readonly took: number }
  /** `sent` of `total` bytes of the app's code have been sent to the runner's machine, in `took` milliseconds. */
  | { readonly type: 'shipping'; readonly runner: string; readonly sent: number; readonly total: number; readonly took: number }
  | { readonly type: 'boot-failed'; readonly runner: string; readonly error: BootError }
  | { readonly type: 'suspended' | 'resumed'; readonly runner: string }
  /** The runner takes no new calls, and stops when its work is done. */
  | { readonly type: 'retiring'; readonly runner: string; readonly reason: string }
  | { readonly type: 'stopping'; readonly runner: string; readonly reason: string }
  | { readonly type: 'lost'; readonly runner: string; readonly how: string }
  | { readonly type: 'gone'; readonly runner: string; readonly count: number }
  /** No slot was free, so the call waits. `waiting` calls wait in total. */
  | { readonly type: 'call-waiting'; readonly call: number; readonly handler: string; readonly waiting: number }
  | { readonly type: 'call-started'; readonly call: number; readonly handler: string; readonly runner: string; readonly waited: number }
  | { readonly type: 'call-ended'; readonly call: number; readonly handler: string; readonly runner: string; readonly ran: number }
  /**
   * The handler has returned or thrown. The slot is free at `call-ended`: at once, or when the streams, resources or child of the call have
   * ended.
   */
  | {
      readonly type: 'call-answered';
      readonly call: number;
      readonly handler: string;
      readonly runner: string | undefined;
      readonly outcome: 'returned' | 'threw';
    }
  /** A call is repeated after `error`. `attempt` is the number of the new attempt. */
  | { readonly type: 'call-retried'; readonly attempt: number; readonly attempts: number; readonly error: Error }
  /** The cast failed after it was accepted, so its caller does not get the error. */
  | { readonly type: 'cast-failed'; readonly call: number; readonly handler: string; readonly error: unknown }
  /** The caller got one of FLAME's own errors. */
  | {
      readonly type: 'call-failed';
      readonly call: number;
      readonly handler: string;
      readonly runner: string | undefined;
      readonly error: Error;
    }
  /** The `min` runners are up, or the pool continues without them. */
  | { readonly type: 'started' }
  | { readonly type: 'log-lines-dropped'; readonly runner: string; readonly lines: number }
  | { readonly type: 'resized'; readonly min: number; readonly max: number }
  /** Calls wait until `unpaused`. */
  | { readonly type: 'paused'; readonly reason: string }
  | { readonly type: 'unpaused' }
  | { readonly type: 'draining'; readonly reason: string }
  | { readonly type: 'drained' }
);

/** An event without its pool and time. */
export type PoolEventDetails = PoolEvent extends infer N ? (N extends PoolEvent ? Omit<N, 'pool' | 'at'> : never) : never;
