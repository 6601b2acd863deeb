import type { BootError } from '../boot-error.js';
import type { FlameError } from '../flame-error.js';
import type { CancelCause } from '../frame.js';
import { pauseAfter } from './backoff.js';
import type { PoolCall } from './call.js';
import type { PoolAction, PoolFact } from './facts.js';
import { bootsNeeded } from './growth.js';
import { Heap } from './heap.js';
import type { HeapItem } from './heap.js';
import { PoolRunner } from './runner.js';
import type { RunnerDeadline } from './runner.js';
import type { PoolRules } from './rules.js';
import { abortGrace, askGrace } from './rules.js';
import { RunnerShelf } from './shelf.js';
import * as verdict from './verdicts.js';
import { WaitQueue } from './wait-queue.js';

/** A clock of the pool itself: the pause between failed boots, the end of a drain. */
interface PoolDeadline extends HeapItem {
  readonly due: 'retry' | 'drain';
  at: number;
}

type Deadline = PoolCall | RunnerDeadline | PoolDeadline;

/**
 * The pool's rules, without time, machines or promises: `step(event, now)` changes the books and returns what to do. The shell
 * (`parent/pool.ts`) performs the actions, in their order, and steps `tick` once `wakeAt` has passed.
 *
 * Every step costs O(log n) in runners and waiting calls, but for events that concern them all (`resize`, `drain`).
 */
export class PoolMachine {
  readonly #rules: PoolRules;
  readonly #newId: (number: number) => string;
  readonly #random: () => number;
  readonly #runners = new Map<string, PoolRunner>();
  readonly #waiting = new WaitQueue<PoolCall>();
  readonly #shelf: RunnerShelf;
  readonly #deadlines = new Heap<Deadline>((a, b) => a.at < b.at);
  readonly #retry: PoolDeadline = { due: 'retry', at: 0, heapIndex: -1 };
  readonly #drain: PoolDeadline = { due: 'drain', at: Infinity, heapIndex: -1 };
  /** Idle runners whose time is up and that only `min` keeps. */
  readonly #kept = new Set<PoolRunner>();
  #actions: PoolAction[] = [];
  #now = 0;
  #min: number;
  #max: number;
  /** How many of `min` have idled out since the last call: the pool does without them until the next one. */
  #rested = 0;
  #booted = 0;
  #booting = 0;
  #ready = 0;
  #asked = 0;
  #failures = 0;
  #bootError: BootError | undefined;
  #phase: 'new' | 'starting' | 'open' | 'draining' | 'drained' = 'new';
  #drainReason = '';

  /** `newId` names the n-th runner; `random` gives numbers in [0, 1) for the jitter of pauses. */
  constructor(rules: PoolRules, newId: (number: number) => string, random: () => number) {
    this.#rules = rules;
    this.#newId = newId;
    this.#random = random;
    this.#min = rules.min;
    this.#max = rules.max;
    this.#shelf = new RunnerShelf(rules.strategy);
  }

  /** When the next `tick` is due; Infinity when nothing is. */
  get wakeAt(): number {
    return this.#deadlines.top?.at ?? Infinity;
  }

  get min(): number {
    return this.#min;
  }

  get max(): number {
    return this.#max;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Since when the first waiting call waits; undefined when none does. */
  get waitingSince(): number | undefined {
    return this.#waiting.first?.cameAt;
  }

  /** The runners in the books. */
  get runners(): Iterable<Readonly<PoolRunner>> {
    return this.#runners.values();
  }

  get draining(): boolean {
    return this.#phase === 'draining' || this.#phase === 'drained';
  }

  /** Takes one event in and returns what to do about it, in order. `now` is a monotonic time in milliseconds. */
  step(event: PoolFact, now: number): PoolAction[] {
    this.#now = now;
    this.#actions = [];
    this.#take(event);
    this.#grow();
    this.#finish();
    return this.#actions;
  }

  #take(event: PoolFact): void {
    switch (event.is) {
      case 'call':
        return this.#call(event.call);
      case 'ended':
        return this.#ended(event.call);
      case 'held':
        return this.#held(event.call);
      case 'abort':
        return this.#abort(event.call, event.reason);
      case 'bounced':
        return this.#bounced(event.call);
      case 'tick':
        return this.#tick();
      case 'start':
        this.#phase = this.#phase === 'new' ? 'starting' : this.#phase;
        return;
      case 'resize':
        return this.#resize(event.min, event.max);
      case 'drain':
        return this.#beginDrain(event.reason);
      default: {
        const runner = this.#runners.get(event.runner);
        if (!runner) return;
        switch (event.is) {
          case 'up':
            return this.#up(runner);
          case 'boot-failed':
            return this.#bootFailed(runner, event.error);
          case 'consent':
            return this.#consent(runner, event.yes);
          case 'suspended':
          case 'resumed':
            runner.suspended = event.is === 'suspended';
            this.#shelf.update(runner);
            return this.#serve();
          case 'leaving':
            return this.#retire(runner, event.reason);
          case 'down':
            return this.#down(runner, event.how);
          case 'gone':
            return this.#gone(runner);
        }
      }
    }
  }

  // Calls

  #call(call: PoolCall): void {
    call.cameAt = this.#now;
    this.#rested = 0;
    if (this.draining) return this.#reject(call, verdict.draining(call, this.#view(), this.#drainReason));
    const runner = this.#waiting.size === 0 ? this.#shelf.pick(this.#now) : undefined;
    if (runner) return this.#run(call, runner);
    if (this.#waiting.size >= this.#rules.maxQueue) return this.#reject(call, verdict.queueFull(call, this.#view()));
    call.state = 'waiting';
    this.#waiting.join(call);
    this.#clock(call, this.#now + Math.min(call.waitLimit, call.overallLimit));
  }

  #run(call: PoolCall, runner: PoolRunner): void {
    if (runner.load === 0) this.#busy(runner);
    call.state = 'running';
    call.runner = runner;
    call.ranAt = this.#now;
    runner.calls.add(call);
    runner.served += 1;
    this.#shelf.update(runner);
    this.#clock(call, Math.min(this.#now + call.runLimit, call.cameAt + call.overallLimit));
    this.#actions.push({ do: 'run', call, runner: runner.id });
  }

  /** Hands waiting calls to runners with room, first come first served. */
  #serve(): void {
    for (let call = this.#waiting.first; call; call = this.#waiting.first) {
      const runner = this.#shelf.pick(this.#now);
      if (!runner) return;
      this.#waiting.leave(call);
      this.#run(call, runner);
    }
  }

  #held(call: PoolCall): void {
    if (call.state !== 'running') return;
    call.state = 'held';
    this.#unclock(call);
  }

  #ended(call: PoolCall): void {
    const runner = call.runner;
    if (!runner) return;
    this.#release(call, runner);
    if (runner.state === 'leaving') this.#stopIfDone(runner);
    else if (runner.state === 'ready') {
      if (runner.load === 0) this.#idle(runner);
      this.#serve();
    }
  }

  /** Takes a call off its runner's books. */
  #release(call: PoolCall, runner: PoolRunner): void {
    if (call.state === 'stuck') runner.stuck -= 1;
    call.state = 'over';
    call.runner = undefined;
    this.#unclock(call);
    runner.calls.delete(call);
    this.#shelf.update(runner);
  }

  #bounced(call: PoolCall): void {
    const runner = call.runner;
    if (!runner) return;
    const answered = call.state !== 'running';
    this.#release(call, runner);
    this.#retire(runner, 'it sent a call back');
    if (answered) return;
    if (this.draining) return this.#reject(call, verdict.draining(call, this.#view(), this.#drainReason));
    call.state = 'waiting';
    this.#waiting.rejoin(call);
    this.#clock(call, call.cameAt + Math.min(call.waitLimit, call.overallLimit));
    this.#serve();
  }

  #abort(call: PoolCall, reason: string): void {
    if (call.state === 'waiting') {
      this.#waiting.leave(call);
      this.#reject(call, verdict.cancelled(call, this.#view(), reason));
    } else if (call.state === 'running') {
      this.#actions.push({ do: 'reject', call, error: verdict.cancelled(call, this.#view(), reason) });
      if (call.linked) this.#cancel(call, 'caller', reason);
      else call.state = 'held';
    } else if (call.state === 'held' && call.linked) {
      this.#cancel(call, 'caller', reason);
    }
  }

  /** Tells the runner to abort the work; the slot stays taken until the runner confirms the end. */
  #cancel(call: PoolCall, cause: CancelCause, reason: string): void {
    call.state = 'ending';
    this.#clock(call, this.#now + abortGrace);
    this.#actions.push({ do: 'cancel', call, runner: call.runner!.id, cause, reason });
  }

  /** Answers a call that holds no slot. */
  #reject(call: PoolCall, error: FlameError): void {
    call.state = 'over';
    this.#unclock(call);
    this.#actions.push({ do: 'reject', call, error });
  }

  #callDue(call: PoolCall): void {
    const runner = call.runner;
    if (!runner) {
      this.#waiting.leave(call);
      return this.#reject(call, verdict.waitedTooLong(call, this.#view(), this.#now));
    }
    if (call.state === 'ending') {
      call.state = 'stuck';
      runner.stuck += 1;
      this.#unclock(call);
      this.#retire(runner, `${call.label} ignored its abort`);
      return;
    }
    if (call.state === 'running') {
      this.#actions.push({ do: 'reject', call, error: verdict.ranTooLong(call, this.#view(), runner.id, this.#now) });
    }
    this.#cancel(call, 'timeout', `its timeout ran out after ${Math.round(this.#now - call.ranAt)} ms`);
  }

  // Runners

  #boot(): void {
    const number = ++this.#booted;
    const singleUse = this.#rules.singleUse;
    const runner = new PoolRunner(this.#newId(number), number, this.#rules.maxConcurrency, singleUse, this.#now);
    this.#runners.set(runner.id, runner);
    this.#booting += 1;
    this.#clock(runner.boot, this.#now + this.#rules.bootTimeout);
    this.#actions.push({ do: 'boot', runner: runner.id, count: this.#runners.size });
  }

  #up(runner: PoolRunner): void {
    if (runner.state !== 'booting') return;
    this.#unclock(runner.boot);
    this.#booting -= 1;
    this.#ready += 1;
    this.#failures = 0;
    this.#bootError = undefined;
    this.#unclock(this.#retry);
    this.#retry.at = 0;
    runner.state = 'ready';
    runner.upAt = this.#now;
    this.#clock(runner.lifetime, this.#now + this.#rules.maxLifetime);
    this.#actions.push({ do: 'grown', runner: runner.id, error: undefined, count: this.#runners.size });
    this.#idle(runner);
    this.#shelf.update(runner);
    this.#serve();
    this.#unkeep();
  }

  #bootFailed(runner: PoolRunner, error: BootError): void {
    if (runner.state !== 'booting') return;
    this.#unclock(runner.boot);
    this.#booting -= 1;
    runner.state = 'stopping';
    this.#actions.push({ do: 'grown', runner: runner.id, error, count: this.#runners.size - 1 });
    if (this.draining) return;
    this.#failures += 1;
    this.#bootError = error;
    this.#clock(this.#retry, this.#now + pauseAfter(this.#failures, this.#random));
    if (this.#phase === 'starting') {
      this.#phase = 'open';
      this.#actions.push({ do: 'started', error });
    }
    // Only calls that no other runner can serve are failed: with one up, they wait for its slots.
    if (!error.fatal || this.#ready > 0) return;
    for (let call = this.#waiting.first; call; call = this.#waiting.first) {
      this.#waiting.leave(call);
      this.#reject(call, verdict.bootFatal(call, this.#view(), error));
    }
  }

  #busy(runner: PoolRunner): void {
    this.#unclock(runner.idle);
    this.#kept.delete(runner);
    this.#unask(runner);
  }

  #unask(runner: PoolRunner): void {
    if (runner.asked) this.#asked -= 1;
    runner.asked = false;
  }

  #idle(runner: PoolRunner): void {
    if (runner.singleUse && runner.served > 0) return this.#stop(runner, 'it was for a single use');
    runner.idleSince = this.#now;
    this.#clock(runner.idle, this.#now + Math.min(this.#rules.idleAfter, this.#rules.minIdleAfter));
  }

  /** Whether the pool has more ready runners than `min`, those asked to go not counted. */
  get #surplus(): number {
    return this.#ready - this.#asked - Math.max(0, this.#min - this.#rested);
  }

  #idleDue(runner: PoolRunner): void {
    this.#unclock(runner.idle);
    // A runner that does not answer is not worth its price.
    if (runner.asked) return this.#stop(runner, 'it was idle and did not answer');
    const since = this.#now - runner.idleSince;
    const above = this.#surplus > 0 && since >= this.#rules.idleAfter;
    if (above || since >= this.#rules.minIdleAfter) {
      runner.asked = true;
      this.#asked += 1;
      this.#clock(runner.idle, this.#now + askGrace);
      this.#actions.push({ do: 'ask', runner: runner.id });
      return;
    }
    if (since >= this.#rules.idleAfter) this.#kept.add(runner);
    this.#clock(runner.idle, runner.idleSince + (since < this.#rules.idleAfter ? this.#rules.idleAfter : this.#rules.minIdleAfter));
  }

  #consent(runner: PoolRunner, yes: boolean): void {
    if (!runner.asked || runner.state !== 'ready') return;
    this.#unask(runner);
    const since = this.#now - runner.idleSince;
    if (!yes) return this.#idle(runner);
    if (this.#surplus > 0) return this.#stop(runner, `it was idle for ${Math.round(since)} ms`);
    if (since < this.#rules.minIdleAfter) return this.#idle(runner);
    this.#rested += 1;
    this.#stop(runner, `it was idle for ${Math.round(since)} ms`);
  }

  /** Lets runners go that only `min` kept, when there are more than `min` now. */
  #unkeep(): void {
    let surplus = this.#surplus;
    for (const runner of this.#kept) {
      if (surplus-- <= 0) return;
      this.#kept.delete(runner);
      this.#clock(runner.idle, this.#now);
    }
  }

  /** Gives a runner no new work; it stops when its work is done. */
  #retire(runner: PoolRunner, reason: string): void {
    if (runner.state === 'ready') {
      this.#notReady(runner);
      runner.state = 'leaving';
      runner.reason = reason;
      this.#shelf.update(runner);
      if (runner.load > runner.stuck) this.#actions.push({ do: 'retire', runner: runner.id, reason });
    }
    if (runner.state === 'leaving') this.#stopIfDone(runner);
  }

  #notReady(runner: PoolRunner): void {
    this.#ready -= 1;
    this.#busy(runner);
    this.#unclock(runner.lifetime);
  }

  #stopIfDone(runner: PoolRunner): void {
    if (runner.load === runner.stuck) this.#stop(runner, runner.reason);
  }

  #stop(runner: PoolRunner, reason: string): void {
    if (runner.state === 'ready') this.#notReady(runner);
    runner.state = 'stopping';
    this.#shelf.update(runner);
    // Work that ignores its abort gets no more time.
    const grace = runner.stuck > 0 ? 0 : this.#rules.shutdownTimeout;
    this.#actions.push({ do: 'stop', runner: runner.id, reason, grace });
    this.#lose(runner, reason);
  }

  #down(runner: PoolRunner, how: string): void {
    if (runner.state === 'booting' || runner.state === 'stopping') return;
    if (runner.state === 'ready') this.#notReady(runner);
    runner.state = 'stopping';
    this.#shelf.update(runner);
    this.#lose(runner, how);
    this.#actions.push({ do: 'bury', runner: runner.id });
  }

  /** The work that a runner takes with it. */
  #lose(runner: PoolRunner, how: string): void {
    for (const call of runner.calls) {
      const answered = call.state !== 'running';
      this.#release(call, runner);
      if (!answered) this.#reject(call, verdict.lost(call, this.#view(), runner.id, how));
    }
  }

  #gone(runner: PoolRunner): void {
    if (runner.state === 'booting') return;
    if (runner.state !== 'stopping') this.#down(runner, 'its machine is gone');
    this.#runners.delete(runner.id);
    if (runner.upAt >= 0) this.#actions.push({ do: 'shrunk', runner: runner.id, count: this.#runners.size });
  }

  // The pool as a whole

  #resize(min: number, max: number): void {
    this.#min = min;
    this.#max = max;
    this.#rested = 0;
    let over = -max;
    for (const runner of this.#runners.values()) if (runner.state === 'booting' || runner.state === 'ready') over += 1;
    const ready = [...this.#runners.values()].filter((runner) => runner.state === 'ready');
    for (const runner of ready.sort((a, b) => a.load - b.load || b.number - a.number)) {
      if (over-- <= 0) break;
      this.#retire(runner, `the pool was resized to at most ${max}`);
    }
    this.#unkeep();
  }

  #beginDrain(reason: string): void {
    if (this.draining) return;
    if (this.#phase === 'starting') this.#actions.push({ do: 'started', error: undefined });
    this.#phase = 'draining';
    this.#drainReason = reason;
    this.#unclock(this.#retry);
    for (let call = this.#waiting.first; call; call = this.#waiting.first) {
      this.#waiting.leave(call);
      this.#reject(call, verdict.draining(call, this.#view(), reason));
    }
    this.#clock(this.#drain, this.#now + this.#rules.shutdownTimeout);
    for (const runner of this.#runners.values()) {
      if (runner.state === 'booting') this.#actions.push({ do: 'give-up', runner: runner.id });
      else this.#retire(runner, reason);
    }
  }

  #drainDue(): void {
    for (const runner of this.#runners.values()) {
      for (const call of runner.calls) {
        if (call.state === 'running') {
          const error = verdict.drainedAway(call, this.#view(), runner.id, this.#rules.shutdownTimeout);
          this.#actions.push({ do: 'reject', call, error });
        }
        if (call.state === 'running' || call.state === 'held') this.#cancel(call, 'leaving', this.#drainReason);
      }
    }
  }

  #tick(): void {
    for (let due = this.#deadlines.top; due && due.at <= this.#now; due = this.#deadlines.top) {
      this.#deadlines.remove(due);
      switch (due.due) {
        case 'call':
          this.#callDue(due);
          break;
        case 'boot':
          this.#actions.push({ do: 'give-up', runner: due.runner.id });
          break;
        case 'idle':
          this.#idleDue(due.runner);
          break;
        case 'lifetime':
          this.#retire(due.runner, 'it reached maxLifetime');
          break;
        case 'drain':
          this.#drainDue();
          break;
        case 'retry':
          break;
      }
    }
  }

  #grow(): void {
    if (this.#phase === 'new' && this.#waiting.size === 0) return;
    if (this.draining || this.#now < this.#retry.at) return;
    const boots = bootsNeeded({
      waiting: this.#waiting.size,
      free: this.#shelf.free,
      booting: this.#booting,
      ready: this.#ready,
      machines: this.#runners.size,
      slots: this.#rules.singleUse ? 1 : this.#rules.maxConcurrency,
      min: Math.max(0, this.#min - this.#rested),
      max: this.#max,
      headroom: this.#rules.headroom,
    });
    for (let i = 0; i < boots; i++) this.#boot();
  }

  /** What the end of a step may have completed: the start, the drain. */
  #finish(): void {
    if (this.#phase === 'starting' && this.#ready >= this.#min) {
      this.#phase = 'open';
      this.#actions.push({ do: 'started', error: undefined });
    } else if (this.#phase === 'draining' && this.#runners.size === 0) {
      this.#phase = 'drained';
      this.#unclock(this.#drain);
      this.#actions.push({ do: 'drained' });
    }
  }

  #clock(deadline: Deadline, at: number): void {
    deadline.at = at;
    if (at < Infinity) this.#deadlines.put(deadline);
    else this.#deadlines.remove(deadline);
  }

  #unclock(deadline: Deadline): void {
    this.#deadlines.remove(deadline);
  }

  #view(): verdict.PoolView {
    return {
      name: this.#rules.name,
      max: this.#max,
      maxQueue: this.#rules.maxQueue,
      runners: this.#runners.size,
      booting: this.#booting,
      waiting: this.#waiting.size,
      bootError: this.#bootError,
    };
  }
}
