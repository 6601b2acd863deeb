import { debuggedFor } from '../clock.js';
import { PoolState } from './pool-state.js';
import type { Deadline } from './pool-state.js';
import type { PoolCall, PoolRunner } from './entries.js';
import type { PoolAction, PoolFact } from './facts.js';
import { bootsNeeded } from './growth.js';
import type { PoolRules } from './rules.js';
import { Runners } from './runners.js';
import type { Calls } from './calls.js';
import * as errors from './pool-errors.js';

/**
 * The rules of a pool, without time, machines or promises. `step(fact, now)` changes the state and returns the actions. The shell
 * (`pool/pool.ts`) performs the actions in their order, and steps `tick` when `nextDeadline` has passed.
 *
 * The rules are in four files that share one `PoolState`: this one dispatches facts, expires deadlines and decides growth; `runners.ts` has
 * the life of a runner, `calls.ts` the life of a call, `growth.ts` the number of runners to boot.
 *
 * Time limits work without timers: a call is a `Timed` itself, and a runner has one for each of its time limits. `PoolState.setDeadline` adds one to
 * `state.deadlines`, which keeps the earliest on top. The shell has one real timer, for that earliest one. `#tick` then expires every
 * deadline that has passed, and acts by its `timer`.
 *
 * A step costs O(log n) in runners and waiting calls. The exceptions are facts that concern all of them (`resize`, `drain`) and a strategy
 * function.
 */
export class PoolMachine {
  readonly #state: PoolState;
  readonly #runners: Runners;
  readonly #calls: Calls;
  #phase: 'new' | 'starting' | 'open' | 'draining' | 'drained' = 'new';

  /** `newId` names the n-th runner. `random` returns numbers in [0, 1), for the jitter of pauses. */
  constructor(rules: PoolRules, newId: (number: number) => string, random: () => number) {
    this.#state = new PoolState(rules);
    this.#runners = new Runners(this.#state, newId, random);
    this.#calls = this.#runners.calls;
  }

  /** When the next `tick` is due; Infinity if there is no deadline. */
  get nextDeadline(): number {
    return this.#state.deadlines.top?.at ?? Infinity;
  }

  get min(): number {
    return this.#state.min;
  }

  get max(): number {
    return this.#state.max;
  }

  /** The number of calls that wait for a slot. */
  get waiting(): number {
    return this.#state.waiting.size;
  }

  /** The time at which the first waiting call arrived; undefined if no call waits. */
  get waitingSince(): number | undefined {
    return this.#state.waiting.first?.cameAt;
  }

  /** All runners that the pool has. */
  get runners(): Iterable<Readonly<PoolRunner>> {
    return this.#state.runners.values();
  }

  /** The calls that hold slots, grouped by runner. */
  *running(): Generator<Readonly<PoolCall>> {
    for (const runner of this.#state.runners.values()) yield* runner.calls.values();
  }

  /** The waiting calls, first come first. */
  get queue(): Iterable<Readonly<PoolCall>> {
    return this.#state.waiting.items();
  }

  /** Why the pool is paused; undefined if it is not. */
  get paused(): string | undefined {
    return this.#state.pauseReason;
  }

  /** How long all runners have existed (`paid`) and had work (`used`) up to `now`, in milliseconds. */
  spent(now: number): { paid: number; used: number } {
    return this.#state.spent(now);
  }

  get draining(): boolean {
    return this.#state.drainReason !== undefined;
  }

  /** Processes one fact and returns the actions in order. `now` is a monotonic time in milliseconds. */
  step(fact: PoolFact, now: number): PoolAction[] {
    this.#state.now = now;
    this.#state.actions = [];
    this.#take(fact);
    this.#grow();
    this.#finish();
    return this.#state.actions;
  }

  #take(fact: PoolFact): void {
    switch (fact.type) {
      case 'call':
        return this.#calls.take(fact.call);
      case 'ended':
        return this.#ended(fact.call);
      case 'held':
        return this.#calls.hold(fact.call, fact.streaming ?? false);
      case 'abandoned':
        return this.#calls.abandon(fact.call, fact.reason);
      case 'abort':
        return this.#calls.abort(fact.call, fact.reason, fact.error);
      case 'bounced':
        return this.#bounced(fact.call);
      case 'tick':
        return this.#tick(fact.debugged ?? false);
      case 'start':
        if (this.#phase === 'new') this.#phase = 'starting';
        return;
      case 'resize':
        return this.#resize(fact.min, fact.max);
      case 'pause':
        this.#state.pauseReason = fact.reason;
        return;
      case 'resume':
        this.#state.pauseReason = undefined;
        return this.#calls.serve();
      case 'drain':
        return this.#drain(fact.reason, fact.since);
      default: {
        const runner = this.#state.runners.get(fact.runner);
        if (runner) this.#takeOf(runner, fact);
      }
    }
  }

  #takeOf(runner: PoolRunner, fact: PoolFact & { runner: string }): void {
    switch (fact.type) {
      case 'up':
        return this.#runners.up(runner);
      case 'boot-failed':
        if (this.#runners.bootFailed(runner, fact.error) && this.#phase === 'starting') {
          this.#phase = 'open';
          this.#state.act({ type: 'started', error: fact.error });
        }
        return;
      case 'shipping':
        return this.#runners.shipping(runner, fact.sent, fact.total);
      case 'consent':
        return this.#runners.consent(runner, fact.yes);
      case 'suspended':
      case 'resumed':
        runner.suspended = fact.type === 'suspended';
        this.#state.readyRunners.update(runner);
        return this.#calls.serve();
      case 'leaving':
        return this.#runners.retire(runner, fact.reason);
      case 'drain-runner':
        return this.#runners.drain(runner, fact.reason);
      case 'down':
        return this.#runners.down(runner, fact.how);
      case 'gone':
        return this.#runners.gone(runner);
    }
  }

  #ended(call: PoolCall): void {
    const runner = call.runner;
    if (!runner) return;
    this.#state.release(call, runner);
    this.#runners.stopIfDone(runner);
    if (runner.state !== 'ready') return;
    if (runner.load === 0) this.#runners.idle(runner);
    this.#calls.serve();
    this.#runners.unkeep();
  }

  #bounced(call: PoolCall): void {
    const runner = call.runner;
    if (!runner) return;
    const answered = call.state !== 'running';
    this.#state.release(call, runner);
    this.#runners.retire(runner, 'it refused a call');
    if (!answered) this.#calls.giveBack(call);
  }

  #tick(debugged: boolean): void {
    const { deadlines, now, drainReason } = this.#state;
    for (let expired = deadlines.top; expired && expired.at <= now; expired = deadlines.top) {
      deadlines.remove(expired);
      if ((debugged || expired.held) && this.#hold(expired, debugged)) continue;
      switch (expired.timer) {
        case 'call':
          if (this.#calls.timeUp(expired)) this.#runners.giveUp(expired.runner!, expired.label);
          break;
        case 'boot':
          this.#state.act({
            type: 'give-up',
            runner: expired.runner.id,
            why: errors.bootLate(expired.runner, this.#state.rules.bootTimeout),
          });
          break;
        case 'idle':
          this.#runners.idleDue(expired.runner);
          break;
        case 'lifetime':
          this.#runners.retire(expired.runner, 'it reached maxLifetime');
          break;
        case 'drain':
          for (const runner of this.#state.runners.values()) this.#calls.drainAway(runner, 'pool', drainReason!);
          break;
        case 'runner-drain':
          this.#calls.drainAway(expired.runner, 'runner', expired.runner.reason);
          break;
        case 'retry':
          // The pause after a failed boot has ended: `#grow` boots in this step.
          break;
      }
    }
  }

  /**
   * A deadline of a call or boot that a debugger delays starts again in full when the debugger is gone. Returns false for other deadlines.
   */
  #hold(deadline: Deadline, debugged: boolean): boolean {
    if (deadline.timer !== 'call' && deadline.timer !== 'boot') return false;
    const limit = deadline.timer === 'call' ? this.#calls.limitOf(deadline) : this.#state.rules.bootTimeout;
    deadline.held = debugged;
    this.#state.setDeadline(deadline, this.#state.now + (debugged ? debuggedFor : limit));
    return true;
  }

  #resize(min: number, max: number): void {
    const state = this.#state;
    state.min = min;
    state.max = max;
    state.rested = 0;
    const ready = Array.from(state.runners.values()).filter((runner) => runner.state === 'ready');
    const over = ready.length + state.booting - max;
    ready.sort((a, b) => a.load - b.load || b.number - a.number);
    for (const runner of ready.slice(0, Math.max(0, over))) this.#runners.retire(runner, `the pool was resized to at most ${max}`);
    this.#runners.unkeep();
  }

  #drain(reason: string, since: number): void {
    const state = this.#state;
    if (this.draining) return;
    if (this.#phase === 'starting') state.act({ type: 'started', error: undefined });
    this.#phase = 'draining';
    state.drainReason = reason;
    state.clearDeadline(state.retry);
    this.#calls.refuseWaiting((call) => errors.draining(call, state.view(), reason));
    state.setDeadline(state.drainEnd, since + state.rules.shutdownTimeout);
    for (const runner of state.runners.values()) {
      if (runner.state === 'booting') state.act({ type: 'give-up', runner: runner.id, why: reason });
      else {
        for (const call of runner.calls.values()) this.#calls.letGo(call, reason);
        this.#runners.retire(runner, reason);
      }
    }
  }

  #grow(): void {
    const state = this.#state;
    // In most steps no call waits and enough runners are there.
    if (state.waiting.size + state.headroom === 0 && state.ready + state.booting >= state.target) return;
    if (this.draining || state.now < state.retry.at || (this.#phase === 'new' && state.waiting.size === 0)) return;
    // A paused pool keeps `min` runners. It boots none for waiting calls or `headroom`.
    const paused = state.pauseReason !== undefined;
    const boots = bootsNeeded({
      waiting: paused ? 0 : state.waiting.size,
      free: state.readyRunners.free,
      booting: state.booting,
      ready: state.ready,
      machines: state.runners.size,
      slots: state.slots,
      min: state.target,
      max: state.max,
      headroom: paused ? 0 : state.headroom,
    });
    for (let i = 0; i < boots; i++) this.#runners.boot();
  }

  /** Reports the end of the start or of the drain, if this step completed it. */
  #finish(): void {
    const state = this.#state;
    if (this.#phase === 'starting' && state.ready >= state.min) {
      this.#phase = 'open';
      state.act({ type: 'started', error: undefined });
    } else if (this.#phase === 'draining' && state.runners.size === 0) {
      this.#phase = 'drained';
      state.clearDeadline(state.drainEnd);
      state.act({ type: 'drained' });
    }
  }
}
