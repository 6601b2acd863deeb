import type { FlameError } from '../errors/flame-error.js';
import type { CancelCause } from '../session/frame.js';
import type { PoolState } from './pool-state.js';
import type { PoolCall, PoolRunner } from './entries.js';
import { abortGrace } from './rules.js';
import * as errors from './pool-errors.js';

/** The rules of calls: which call gets a slot and when, which call has run out of time, and the answer of its caller. */
export class Calls {
  readonly #state: PoolState;
  /** Called when an idle runner gets work. */
  readonly #onBusy: (runner: PoolRunner) => void;

  constructor(state: PoolState, onBusy: (runner: PoolRunner) => void) {
    this.#state = state;
    this.#onBusy = onBusy;
  }

  /** Runs a new call at once if a slot is free and no call waits; otherwise the call waits. */
  take(call: PoolCall): void {
    const state = this.#state;
    call.cameAt = state.now;
    state.rested = 0;
    if (state.drainReason !== undefined) return state.reject(call, errors.draining(call, state.view(), state.drainReason));
    const runner = state.waiting.size === 0 && state.pauseReason === undefined ? state.readyRunners.pick(state.now) : undefined;
    if (runner) return this.#run(call, runner);
    if (state.waiting.size >= state.rules.maxQueue) return state.reject(call, errors.queueFull(call, state.view()));
    state.waiting.join(call);
    this.#wait(call);
  }

  /** Passes waiting calls to runners with free slots, first come first served. Passes none while the pool is paused. */
  serve(): void {
    const { waiting, readyRunners, now, pauseReason } = this.#state;
    if (pauseReason !== undefined) return;
    for (let call = waiting.first; call; call = waiting.first) {
      const runner = readyRunners.pick(now);
      if (!runner) return;
      waiting.leave(call);
      this.#run(call, runner);
    }
  }

  /** A runner has sent a call back without starting it. The call waits at the front of the queue. */
  giveBack(call: PoolCall): void {
    const state = this.#state;
    if (state.drainReason !== undefined) return state.reject(call, errors.draining(call, state.view(), state.drainReason));
    state.waiting.rejoin(call);
    this.#wait(call);
    this.serve();
  }

  /** The caller has the answer. The call keeps its slot for a child, resources or a stream. */
  hold(call: PoolCall, streaming: boolean): void {
    if (call.state !== 'running' && call.state !== 'streaming') return;
    call.state = streaming ? 'streaming' : 'held';
    if (!streaming) this.#state.clearDeadline(call);
  }

  /** The caller no longer needs the streams or the resources of the call. The work ends, even if it is not linked. */
  abandon(call: PoolCall, reason: string): void {
    if (call.state === 'streaming' || call.state === 'held') this.#cancel(call, 'caller', reason);
  }

  /** Rejects the call with `error`, or as cancelled. Aborts its work if the work is linked or streams. */
  abort(call: PoolCall, reason: string, error?: FlameError): void {
    const state = this.#state;
    if (call.state === 'waiting') {
      state.waiting.leave(call);
      state.reject(call, errors.cancelled(call, state.view(), reason));
    } else if (isAwaited(call)) {
      const streaming = call.state === 'streaming';
      this.#answer(call, error ?? errors.cancelled(call, state.view(), reason));
      if (call.linked || streaming) this.#cancel(call, 'caller', reason);
      else call.state = 'held';
    } else if (call.state === 'held' && call.linked) {
      this.#cancel(call, 'caller', reason);
    }
  }

  /** The full time limit of the call in its current state, in milliseconds. */
  limitOf(call: PoolCall): number {
    if (call.state === 'ending') return abortGrace;
    return Math.min(call.runner ? call.handlerTimeout : call.queueTimeout, call.timeout);
  }

  /** The time of a call is up. Returns true if the call is stuck: its handler has ignored its abort for `abortGrace`. */
  timeUp(call: PoolCall): boolean {
    const state = this.#state;
    const runner = call.runner;
    if (!runner) {
      state.waiting.leave(call);
      state.reject(call, errors.waitedTooLong(call, state.view(), state.now));
      return false;
    }
    if (call.state === 'ending') {
      call.state = 'stuck';
      runner.stuck += 1;
      return true;
    }
    if (isAwaited(call)) this.#answer(call, errors.ranTooLong(call, state.view(), runner.id, state.now));
    this.#cancel(call, 'timeout', `its timeout ran out after ${Math.round(state.now - call.ranAt)} ms`);
    return false;
  }

  /** The pool drains. A linked call that is only held ends now. Other calls get `shutdownTimeout`. */
  letGo(call: PoolCall, reason: string): void {
    if (call.state === 'held' && call.linked) this.#cancel(call, 'leaving', reason);
  }

  /** The `shutdownTimeout` of a drained pool or runner is over. Rejects and aborts the calls that still run on `runner`. */
  drainAway(runner: PoolRunner, drained: 'pool' | 'runner', reason: string): void {
    const state = this.#state;
    for (const call of runner.calls.values()) {
      if (isAwaited(call)) this.#answer(call, errors.drainedAway(call, state.view(), runner.id, drained, state.rules.shutdownTimeout));
      if (isAwaited(call) || call.state === 'held') this.#cancel(call, 'leaving', reason);
    }
  }

  /** Rejects all waiting calls. */
  refuseWaiting(error: (call: PoolCall) => FlameError): void {
    const { waiting } = this.#state;
    for (let call = waiting.first; call; call = waiting.first) {
      waiting.leave(call);
      this.#state.reject(call, error(call));
    }
  }

  /** A runner is lost, with all its calls. Rejects the calls whose callers still wait. */
  lose(runner: PoolRunner, how: string): void {
    const state = this.#state;
    for (const call of runner.calls.values()) {
      const awaited = isAwaited(call);
      // A stream that has begun is not repeated.
      const repeatable = call.repeatable && call.state === 'running';
      state.release(call, runner);
      if (awaited) state.reject(call, errors.lost(call, state.view(), { runner: runner.id, how, repeatable }));
    }
  }

  #wait(call: PoolCall): void {
    call.state = 'waiting';
    this.#state.setDeadline(call, call.cameAt + Math.min(call.queueTimeout, call.timeout));
  }

  #run(call: PoolCall, runner: PoolRunner): void {
    const state = this.#state;
    if (runner.load === 0) this.#onBusy(runner);
    call.state = 'running';
    call.runner = runner;
    call.held = false;
    call.ranAt = state.now;
    runner.calls.set(call.id, call);
    runner.served += 1;
    state.readyRunners.update(runner);
    state.setDeadline(call, Math.min(state.now + call.handlerTimeout, call.cameAt + call.timeout));
    state.act({ type: 'run', call, runner: runner.id });
  }

  /** Answers the caller although the work still runs. */
  #answer(call: PoolCall, error: FlameError): void {
    this.#state.act({ type: 'reject', call, error });
  }

  /** Tells the runner to abort the work. The slot stays taken until the runner confirms the end. */
  #cancel(call: PoolCall, cause: CancelCause, reason: string): void {
    call.state = 'ending';
    this.#state.setDeadline(call, this.#state.now + abortGrace);
    this.#state.act({ type: 'cancel', call, runner: call.runner!.id, cause, reason });
  }
}

/** True if the caller still waits for an answer or for items of a stream. */
function isAwaited(call: PoolCall): boolean {
  return call.state === 'running' || call.state === 'streaming';
}
