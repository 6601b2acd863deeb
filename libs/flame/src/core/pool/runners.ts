import type { BootError } from '../errors/boot-error.js';
import { pauseAfter } from './backoff.js';
import type { PoolState } from './pool-state.js';
import { Calls } from './calls.js';
import { PoolRunner } from './entries.js';
import { abortGrace, askGrace } from './rules.js';
import * as errors from './pool-errors.js';

/** The rules of runners: when they boot, idle out and end. */
export class Runners {
  readonly calls: Calls;
  readonly #state: PoolState;
  readonly #newId: (number: number) => string;
  readonly #random: () => number;
  /** Runners that have been idle for `idleAfter` and that only `min` or `headroom` keeps. */
  readonly #kept = new Set<PoolRunner>();
  #booted = 0;
  #asked = 0;
  #failures = 0;

  constructor(state: PoolState, newId: (number: number) => string, random: () => number) {
    this.#state = state;
    this.#newId = newId;
    this.#random = random;
    this.calls = new Calls(state, (runner) => this.#busy(runner));
  }

  boot(): void {
    const state = this.#state;
    const number = ++this.#booted;
    const runner = new PoolRunner(this.#newId(number), number, state.rules.maxConcurrency, state.rules.singleUse, state.now);
    state.runners.set(runner.id, runner);
    state.booting += 1;
    state.setDeadline(runner.boot, state.now + state.rules.bootTimeout);
    state.act({ type: 'boot', runner: runner.id, count: state.runners.size });
  }

  /** The machine fetches the app's code, which may take longer than `bootTimeout`. So the limit begins again with each piece. */
  shipping(runner: PoolRunner, sent: number, total: number): void {
    if (runner.state !== 'booting') return;
    runner.shipped = { sent, total };
    this.#state.setDeadline(runner.boot, this.#state.now + this.#state.rules.bootTimeout);
  }

  up(runner: PoolRunner): void {
    if (runner.state !== 'booting') return;
    const state = this.#state;
    state.clearDeadline(runner.boot);
    state.booting -= 1;
    state.ready += 1;
    this.#failures = 0;
    state.bootError = undefined;
    state.clearDeadline(state.retry);
    state.retry.at = 0;
    runner.state = 'ready';
    runner.upAt = state.now;
    state.setDeadline(runner.lifetime, state.now + state.rules.maxLifetime);
    state.act({ type: 'grown', runner: runner.id, error: undefined, count: state.runners.size });
    this.idle(runner);
    state.readyRunners.update(runner);
    this.calls.serve();
    this.unkeep();
  }

  /** Returns false if the runner was not booting. */
  bootFailed(runner: PoolRunner, error: BootError): boolean {
    if (runner.state !== 'booting') return false;
    const state = this.#state;
    state.clearDeadline(runner.boot);
    state.booting -= 1;
    runner.state = 'stopping';
    state.act({ type: 'grown', runner: runner.id, error, count: state.runners.size - 1 });
    if (state.drainReason !== undefined) return true;
    this.#failures += 1;
    state.bootError = error;
    state.setDeadline(state.retry, state.now + pauseAfter(this.#failures, this.#random));
    // If a runner is ready, waiting calls wait for its slots. Only calls that no runner can take are rejected.
    if (error.fatal && state.ready === 0) this.calls.refuseWaiting((call) => errors.bootFatal(call, state.view(), error));
    return true;
  }

  /** A runner has become idle. */
  idle(runner: PoolRunner): void {
    if (runner.singleUse && runner.served > 0) return this.stop(runner, 'it was booted for a single call');
    const { now, rules } = this.#state;
    runner.idleSince = now;
    this.#state.setDeadline(runner.idle, now + Math.min(rules.idleAfter, rules.minIdleAfter));
  }

  idleDue(runner: PoolRunner): void {
    // The runner was asked, and has not answered within `askGrace`.
    if (runner.asked) return this.stop(runner, 'it was idle and did not answer');
    const { now, rules } = this.#state;
    // Use the same sums as the deadlines. A difference could be rounded down, and the deadline would be set to now again and again.
    const surplusAt = runner.idleSince + rules.idleAfter;
    const minAt = runner.idleSince + rules.minIdleAfter;
    if ((this.#surplus > 0 && now >= surplusAt) || now >= minAt) {
      runner.asked = true;
      this.#asked += 1;
      this.#state.setDeadline(runner.idle, now + askGrace);
      return this.#state.act({ type: 'ask', runner: runner.id });
    }
    if (now >= surplusAt) this.#kept.add(runner);
    this.#state.setDeadline(runner.idle, now < surplusAt ? surplusAt : minAt);
  }

  /** A runner answers whether it may stop. The answer is void if the runner has got work since. */
  consent(runner: PoolRunner, yes: boolean): void {
    if (!runner.asked || runner.state !== 'ready') return;
    this.#unask(runner);
    const { now, rules } = this.#state;
    const fromMin = this.#surplus <= 0;
    if (!yes || (fromMin && now < runner.idleSince + rules.minIdleAfter)) return this.idle(runner);
    if (fromMin) this.#state.rested += 1;
    this.stop(runner, `it was idle for ${Math.round(now - runner.idleSince)} ms`);
  }

  /** Lets kept runners idle out, as many as `min` and `headroom` no longer need: their idle deadline is now. */
  unkeep(): void {
    if (this.#kept.size === 0) return;
    let surplus = this.#surplus;
    for (const runner of this.#kept) {
      if (surplus-- <= 0) return;
      this.#kept.delete(runner);
      this.#state.setDeadline(runner.idle, this.#state.now);
    }
  }

  /** Gives a runner no new work. The runner stops when its work is done. */
  retire(runner: PoolRunner, reason: string): void {
    if (runner.state === 'ready') {
      this.#unready(runner);
      runner.state = 'leaving';
      runner.reason = reason;
      this.#state.readyRunners.update(runner);
      if (runner.load > runner.stuck) this.#state.act({ type: 'retire', runner: runner.id, reason });
    }
    this.stopIfDone(runner);
  }

  /** Retires a runner on which the handler `label` has ignored its abort. */
  giveUp(runner: PoolRunner, label: string): void {
    const what = `${label} ignored its abort for ${abortGrace} ms`;
    this.#state.act({ type: 'ignored-abort', runner: runner.id, what });
    this.retire(runner, what);
  }

  /** Retires a runner, and aborts the calls that still run there after `shutdownTimeout`. Gives up a boot. */
  drain(runner: PoolRunner, reason: string): void {
    const state = this.#state;
    if (runner.state === 'booting') return state.act({ type: 'give-up', runner: runner.id, why: reason });
    this.retire(runner, reason);
    if (runner.state === 'leaving' && runner.drainEnd.at === Infinity) {
      state.setDeadline(runner.drainEnd, state.now + state.rules.shutdownTimeout);
    }
  }

  /** Stops a leaving runner if only work that ignores its abort is left. */
  stopIfDone(runner: PoolRunner): void {
    if (runner.state === 'leaving' && runner.load === runner.stuck) this.stop(runner, runner.reason);
  }

  stop(runner: PoolRunner, reason: string): void {
    if (runner.state === 'ready') this.#unready(runner);
    runner.state = 'stopping';
    this.#state.clearDeadline(runner.drainEnd);
    this.#state.readyRunners.update(runner);
    // Work that ignores its abort gets no more time.
    const grace = runner.stuck > 0 ? 0 : this.#state.rules.shutdownTimeout;
    this.#state.act({ type: 'stop', runner: runner.id, reason, grace });
    this.calls.lose(runner, reason);
  }

  /** A runner is lost. */
  down(runner: PoolRunner, how: string): void {
    if (runner.state === 'booting' || runner.state === 'stopping') return;
    if (runner.state === 'ready') this.#unready(runner);
    runner.state = 'stopping';
    this.#state.clearDeadline(runner.drainEnd);
    this.#state.readyRunners.update(runner);
    this.calls.lose(runner, how);
    this.#state.act({ type: 'dispose', runner: runner.id });
  }

  gone(runner: PoolRunner): void {
    if (runner.state !== 'stopping') return;
    const state = this.#state;
    state.runners.delete(runner.id);
    state.paid += state.now - runner.bootingSince;
    state.used += runner.used;
    if (runner.upAt >= 0) state.act({ type: 'shrunk', runner: runner.id, count: state.runners.size });
  }

  /** The number of ready runners above the need of `min` and `headroom`, without the runners that were asked to stop. */
  get #surplus(): number {
    const { ready, target, readyRunners, slots, headroom } = this.#state;
    const beyondMin = ready - this.#asked - target;
    return headroom === 0 ? beyondMin : Math.min(beyondMin, Math.floor((readyRunners.free - headroom) / slots) - this.#asked);
  }

  #busy(runner: PoolRunner): void {
    runner.busySince = this.#state.now;
    this.#state.clearDeadline(runner.idle);
    this.#kept.delete(runner);
    this.#unask(runner);
  }

  #unask(runner: PoolRunner): void {
    if (runner.asked) this.#asked -= 1;
    runner.asked = false;
  }

  #unready(runner: PoolRunner): void {
    this.#state.ready -= 1;
    this.#busy(runner);
    this.#state.clearDeadline(runner.lifetime);
  }
}
