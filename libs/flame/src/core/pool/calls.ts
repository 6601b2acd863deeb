import type { FlameError } from '../errors/flame-error.js';
import type { CancelCause } from '../session/frame.js';
import type { PoolState } from './pool-state.js';
import type { PoolCall, PoolRunner } from './entries.js';
import { abortGrace } from './rules.js';
import * as errors from './pool-errors.js';

/**
 * The rules of calls: who gets a slot and when, whose time is up, who is answered with what.
 */
export class Calls {
  readonly #state: PoolState;
  /** A runner gets work: it is not idle any more. */
  readonly #onBusy: (runner: PoolRunner) => void;

  constructor(state: PoolState, onBusy: (runner: PoolRunner) => void) {
    this.#state = state;
    this.#onBusy = onBusy;
  }

  /** Runs a new call at once where there is room and nobody waits, lets it wait otherwise. */
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

  /** Hands waiting calls to runners with room, first come first served; to none while the pool is paused. */
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

  /** A runner gave a call back unstarted: it waits at the front, for it has waited its turn already. */
  giveBack(call: PoolCall): void {
    const state = this.#state;
    if (state.drainReason !== undefined) return state.reject(call, errors.draining(call, state.view(), state.drainReason));
    state.waiting.rejoin(call);
    this.#wait(call);
    this.serve();
  }

  /** The caller has its answer, the slot stays taken: by a child, by resources, or by a handler that streams. */
  hold(call: PoolCall, streaming: boolean): void {
    if (call.state !== 'running' && call.state !== 'streaming') return;
    call.state = streaming ? 'streaming' : 'held';
    if (!streaming) this.#state.unclock(call);
  }

  /** Nobody wants what the call streams or holds: unlinked work ends, too, for it works for nobody. */
  abandon(call: PoolCall, reason: string): void {
    if (call.state === 'streaming' || call.state === 'held') this.#cancel(call, 'caller', reason);
  }

  /** The caller is told `error`, or that its call was cancelled. */
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

  /** The whole of the time that the clock of a call which ticks now gives it. */
  limitOf(call: PoolCall): number {
    if (call.state === 'ending') return abortGrace;
    return Math.min(call.runner ? call.handlerTimeout : call.queueTimeout, call.timeout);
  }

  /** A call's clock ran out. Says whether the call is stuck: its handler has ignored its abort for a grace second. */
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

  /** The pool goes: what is only held for its caller, who goes as well, ends now. Work that is not linked, and what callers wait for, gets its time. */
  letGo(call: PoolCall, reason: string): void {
    if (call.state === 'held' && call.linked) this.#cancel(call, 'leaving', reason);
  }

  /** The pool goes, or this runner of it, and what runs there has not ended within `shutdownTimeout`. */
  drainAway(runner: PoolRunner, drained: 'pool' | 'runner', reason: string): void {
    const state = this.#state;
    for (const call of runner.calls.values()) {
      if (isAwaited(call)) this.#answer(call, errors.drainedAway(call, state.view(), runner.id, drained, state.rules.shutdownTimeout));
      if (isAwaited(call) || call.state === 'held') this.#cancel(call, 'leaving', reason);
    }
  }

  /** Answers everyone who waits for a slot with an error. */
  refuseWaiting(error: (call: PoolCall) => FlameError): void {
    const { waiting } = this.#state;
    for (let call = waiting.first; call; call = waiting.first) {
      waiting.leave(call);
      this.#state.reject(call, error(call));
    }
  }

  /** A runner takes its work with it: whoever still waits for an answer is told how. */
  lose(runner: PoolRunner, how: string): void {
    const state = this.#state;
    for (const call of runner.calls.values()) {
      const awaited = isAwaited(call);
      state.release(call, runner);
      if (awaited) state.reject(call, errors.lost(call, state.view(), runner.id, how));
    }
  }

  #wait(call: PoolCall): void {
    call.state = 'waiting';
    this.#state.clock(call, call.cameAt + Math.min(call.queueTimeout, call.timeout));
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
    state.clock(call, Math.min(state.now + call.handlerTimeout, call.cameAt + call.timeout));
    state.act({ type: 'run', call, runner: runner.id });
  }

  /** Answers the caller while the work is still on its runner. */
  #answer(call: PoolCall, error: FlameError): void {
    this.#state.act({ type: 'reject', call, error });
  }

  /** Tells the runner to abort the work; the slot stays taken until the runner confirms the end. */
  #cancel(call: PoolCall, cause: CancelCause, reason: string): void {
    call.state = 'ending';
    this.#state.clock(call, this.#state.now + abortGrace);
    this.#state.act({ type: 'cancel', call, runner: call.runner!.id, cause, reason });
  }
}

/** Whether its caller still waits for something: an answer, or what streams bring. */
function isAwaited(call: PoolCall): boolean {
  return call.state === 'running' || call.state === 'streaming';
}
