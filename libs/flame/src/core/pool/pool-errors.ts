import type { BootError } from '../errors/boot-error.js';
import { FlameError } from '../errors/flame-error.js';
import type { PoolCall, PoolRunner } from './entries.js';

/** The facts about a pool that its error texts name. */
export interface PoolView {
  readonly name: string;
  readonly max: number;
  readonly maxQueue: number;
  readonly runners: number;
  readonly booting: number;
  readonly waiting: number;
  /** The error of the last boot; undefined after a boot has succeeded. */
  readonly bootError: BootError | undefined;
  /** Why the pool is paused; undefined if it is not. */
  readonly pauseReason: string | undefined;
}

const ms = (duration: number): string => `${Math.round(duration)} ms`;
const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

export function queueFull(call: PoolCall, pool: PoolView): FlameError {
  return new FlameError(
    'FLAME_REFUSED',
    `${call.label} was refused: the queue of pool "${pool.name}" is full, with ${plural(pool.waiting, 'waiting call')} (maxQueue ${pool.maxQueue}). ` +
      `Raise max, maxConcurrency or maxQueue, or send fewer calls.`,
  );
}

export function draining(call: PoolCall, pool: PoolView, reason: string): FlameError {
  return new FlameError('FLAME_REFUSED', `${call.label} was refused: pool "${pool.name}" no longer accepts calls (${reason}).`);
}

/** Why a boot is given up after `bootTimeout`. */
export function bootLate({ shipped }: PoolRunner, bootTimeout: number): string {
  if (shipped === undefined) return `no runner attached within bootTimeout (${bootTimeout} ms)`;
  const { sent, total } = shipped;
  return sent < total
    ? `shipping the app's code has stalled: ${sent} of ${total} bytes were sent, and the machine took no more within bootTimeout (${bootTimeout} ms)`
    : `no runner attached within bootTimeout (${bootTimeout} ms) after the app's code had been sent (${total} bytes)`;
}

export function bootFatal(call: PoolCall, pool: PoolView, error: BootError): FlameError {
  return new FlameError(
    'FLAME_BOOT',
    `${call.label} has no runner: pool "${pool.name}" cannot boot one (${error.phase}): ${error.message}`,
    { cause: error },
  );
}

export function waitedTooLong(call: PoolCall, pool: PoolView, now: number): FlameError {
  const waited = ms(now - call.cameAt);
  if (pool.pauseReason !== undefined) {
    return new FlameError(
      'FLAME_TIMEOUT',
      `${call.label} timed out after ${waited} of waiting: pool "${pool.name}" is paused (${pool.pauseReason}). ` +
        `Call resume() before the call's timeout or queueTimeout ends.`,
    );
  }
  if (pool.bootError) {
    return new FlameError(
      'FLAME_BOOT',
      `${call.label} waited ${waited} in pool "${pool.name}", which could not boot a runner (${pool.bootError.phase}): ${pool.bootError.message}`,
      { cause: pool.bootError },
    );
  }
  if (pool.runners === pool.booting && pool.booting > 0) {
    return new FlameError(
      'FLAME_TIMEOUT',
      `${call.label} timed out after ${waited} of waiting: pool "${pool.name}" was still booting ${plural(pool.booting, 'runner')}. ` +
        `Raise the call's timeout or queueTimeout, or keep runners ready with min or headroom.`,
    );
  }
  return new FlameError(
    'FLAME_TIMEOUT',
    `${call.label} timed out after ${waited} of waiting for a slot in pool "${pool.name}": ` +
      `${plural(pool.runners, 'runner')} of at most ${pool.max} (${pool.booting} booting), ${plural(pool.waiting, 'call')} waiting. ` +
      `Raise max, maxConcurrency or queueTimeout.`,
  );
}

export function ranTooLong(call: PoolCall, pool: PoolView, runner: string, now: number): FlameError {
  const ran = now - call.ranAt;
  const waited = call.ranAt - call.cameAt;
  const limit = call.timeout < call.handlerTimeout ? `timeout ${ms(call.timeout)}` : `handlerTimeout ${ms(call.handlerTimeout)}`;
  return new FlameError(
    'FLAME_TIMEOUT',
    `${call.label} timed out after ${ms(ran)} of running on runner ${runner} of pool "${pool.name}" ` +
      `(${limit}; it had waited ${ms(waited)} before). Its handler was aborted.`,
    { ran: 'maybe' },
  );
}

export function cancelled(call: PoolCall, pool: PoolView, reason: string): FlameError {
  const where = call.runner ? `running on runner ${call.runner.id} of` : 'waiting in';
  return new FlameError('FLAME_CANCELLED', `${call.label} was cancelled while ${where} pool "${pool.name}": ${reason}`, {
    ran: call.runner ? 'maybe' : 'no',
  });
}

/** The loss of a runner with its calls. */
interface Loss {
  readonly runner: string;
  readonly how: string;
  /** Whether to advise the options that would have repeated the call. */
  readonly repeatable: boolean;
}

export function lost(call: PoolCall, pool: PoolView, { runner, how, repeatable }: Loss): FlameError {
  const what = `${call.label} was lost with runner ${runner} of pool "${pool.name}" (${how}).`;
  const fix = ' It may have run. Set retry and idempotent if running it twice is harmless.';
  return new FlameError('FLAME_LOST', repeatable ? what + fix : what, { ran: 'maybe' });
}

/** `drained` says which of the two is being drained: the pool, or this runner. */
export function drainedAway(call: PoolCall, pool: PoolView, runner: string, drained: 'pool' | 'runner', grace: number): FlameError {
  const who = drained === 'pool' ? `pool "${pool.name}" is shutting down` : `this runner of pool "${pool.name}" is being drained`;
  return new FlameError(
    'FLAME_CANCELLED',
    `${call.label} was aborted on runner ${runner}: ${who}, and the call did not end within shutdownTimeout (${ms(grace)}).`,
    { ran: 'maybe' },
  );
}
