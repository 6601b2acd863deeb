import type { BootError } from '../errors/boot-error.js';
import type { FlameError } from '../errors/flame-error.js';
import type { RunnerChoice } from '../options/runner-choice.js';
import { Deadlines, Timed } from './deadlines.js';
import type { PoolCall, PoolRunner, RunnerDeadline } from './entries.js';
import type { PoolAction } from './facts.js';
import { Heap } from './heap.js';
import type { PoolRules } from './rules.js';
import type { PoolView } from './pool-errors.js';
import { WaitQueue } from './wait-queue.js';

/** A deadline of the pool itself: the end of the pause after a failed boot, or the end of a drain. */
export class PoolDeadline extends Timed {
  constructor(
    readonly timer: 'retry' | 'drain',
    at: number,
  ) {
    super();
    this.at = at;
  }
}

export type Deadline = PoolCall | RunnerDeadline | PoolDeadline;

/**
 * The state of one pool: its calls, runners and deadlines, and the actions of the current step. The parts of the machine share it. It makes
 * no decisions.
 */
export class PoolState {
  readonly runners = new Map<string, PoolRunner>();
  readonly waiting = new WaitQueue<PoolCall>();
  readonly readyRunners: ReadyRunners;
  readonly deadlines = new Deadlines<Deadline>();
  /** No boot starts before this time. */
  readonly retry = new PoolDeadline('retry', 0);
  readonly drainEnd = new PoolDeadline('drain', Infinity);
  now = 0;
  actions: PoolAction[] = [];
  min: number;
  max: number;
  /** How many runners of `min` and `headroom` have idled out since the last call. The pool boots no replacements before the next call. */
  rested = 0;
  booting = 0;
  ready = 0;
  /** How long the disposed runners existed (`paid`) and had work (`used`), in milliseconds. */
  paid = 0;
  used = 0;
  /** The error of the last boot; undefined after a boot has succeeded. */
  bootError: BootError | undefined;
  /** Why the pool is paused; undefined if it is not. */
  pauseReason: string | undefined;
  /** Why the pool takes no more calls; undefined while it takes calls. */
  drainReason: string | undefined;

  constructor(readonly rules: PoolRules) {
    this.min = rules.min;
    this.max = rules.max;
    this.readyRunners = new ReadyRunners(rules.strategy);
  }

  /** The current `min`, without the runners that have idled out. */
  get target(): number {
    return Math.max(0, this.min - this.rested);
  }

  /** The current `headroom`: 0 after a runner that `min` or `headroom` kept has idled out. */
  get headroom(): number {
    return this.rested > 0 ? 0 : this.rules.headroom;
  }

  /** The slots of a new runner. */
  get slots(): number {
    return this.rules.singleUse ? 1 : this.rules.maxConcurrency;
  }

  act(action: PoolAction): void {
    this.actions.push(action);
  }

  /** Sets a deadline; Infinity removes it. */
  setDeadline(deadline: Deadline, at: number): void {
    deadline.at = at;
    if (at < Infinity) this.deadlines.put(deadline);
    else this.deadlines.remove(deadline);
  }

  clearDeadline(deadline: Deadline): void {
    this.deadlines.remove(deadline);
  }

  /** Rejects a call that holds no slot. */
  reject(call: PoolCall, error: FlameError): void {
    call.state = 'over';
    this.clearDeadline(call);
    this.act({ type: 'reject', call, error });
  }

  /** Removes a call from its runner. */
  release(call: PoolCall, runner: PoolRunner): void {
    if (call.state === 'stuck') runner.stuck -= 1;
    call.state = 'over';
    call.runner = undefined;
    this.clearDeadline(call);
    runner.calls.delete(call.id);
    if (runner.load === 0) runner.used += this.now - runner.busySince;
    this.readyRunners.update(runner);
  }

  /** How long all runners have existed (`paid`) and had work (`used`) up to `now`, in milliseconds. */
  spent(now: number): { paid: number; used: number } {
    let { paid, used } = this;
    for (const runner of this.runners.values()) {
      paid += now - runner.bootingSince;
      used += runner.used + (runner.load > 0 ? now - runner.busySince : 0);
    }
    return { paid, used };
  }

  view(): PoolView {
    return {
      name: this.rules.name,
      max: this.max,
      maxQueue: this.rules.maxQueue,
      runners: this.runners.size,
      booting: this.booting,
      waiting: this.waiting.size,
      bootError: this.bootError,
      pauseReason: this.pauseReason,
    };
  }
}

/** If two runners have the same load, the older one gets the call. So the youngest become idle first. */
const older = (a: PoolRunner, b: PoolRunner): boolean => a.number < b.number;
const spread = (a: PoolRunner, b: PoolRunner): boolean => (a.load === b.load ? older(a, b) : a.load < b.load);
const pack = (a: PoolRunner, b: PoolRunner): boolean => (a.load === b.load ? older(a, b) : a.load > b.load);

/**
 * The runners with free slots, in the order of the pool's strategy. `pick` and `update` are O(log n). A strategy function of the app gets
 * all of them.
 */
export class ReadyRunners {
  readonly #choice: RunnerChoice;
  readonly #heap: Heap<PoolRunner>;
  #free = 0;

  constructor(choice: RunnerChoice) {
    this.#choice = choice;
    this.#heap = new Heap(choice === 'pack' ? pack : spread);
  }

  /** The free slots of all runners. */
  get free(): number {
    return this.#free;
  }

  /** Moves a runner to its new place after any change of it. */
  update(runner: PoolRunner): void {
    const free = runner.free;
    this.#free += free - runner.counted;
    runner.counted = free;
    if (free > 0) this.#heap.put(runner);
    else this.#heap.remove(runner);
  }

  /** The runner for the next call; undefined if no runner has a free slot. */
  pick(now: number): PoolRunner | undefined {
    if (typeof this.#choice !== 'function' || this.#heap.size === 0) return this.#heap.top;
    const choice = this.#choice(this.#heap.items.map((runner) => runner.describe(now)));
    return this.#heap.items.find((runner) => runner.id === choice) ?? this.#heap.top;
  }
}
