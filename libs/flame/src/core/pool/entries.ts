import { IdMap } from '../session/id-map.js';
import { Timed } from './deadlines.js';
import type { HeapItem } from './heap.js';
import type { RunnerLoad } from '../options/runner-choice.js';
import type { QueueItem } from './wait-queue.js';

/**
 * The state of a call.
 *
 * - `new`: the machine has not received it yet.
 * - `waiting`: it waits for a slot.
 * - `running`: its caller waits for the answer.
 * - `streaming`: its caller has the streams and waits for their items.
 * - `ending`: its caller has got an error. The runner has not confirmed the end of the work yet.
 * - `stuck`: the runner has not confirmed the end within a grace second.
 * - `held`: its caller has the answer. The work, the child or the resources stay on the runner.
 * - `over`: it holds no slot.
 */
export type CallState = 'new' | 'waiting' | 'running' | 'streaming' | 'ending' | 'stuck' | 'held' | 'over';

/**
 * A call, as the pool machine sees it. The pool's shell extends this class with the caller's promise and the encoded arguments. After the
 * shell has passed the call to the machine, only the machine writes these fields. `at` is the end of the current time limit.
 */
export class PoolCall extends Timed implements QueueItem<PoolCall> {
  state: CallState = 'new';
  runner: PoolRunner | undefined;
  /** When the call arrived, and when it was passed to a runner. */
  cameAt = 0;
  ranAt = 0;
  /** Which timer `at` belongs to, as in the other kinds of `Deadline`. */
  readonly timer = 'call';
  ahead: PoolCall | undefined;
  behind: PoolCall | undefined;

  constructor(
    readonly id: number,
    /** The handler's name, for logs and errors. */
    readonly label: string,
    /**
     * How long the call may wait (a boot included), how long its handler may run, and both together, in milliseconds. Infinity for no
     * limit.
     */
    readonly queueTimeout: number,
    readonly handlerTimeout: number,
    readonly timeout: number,
    /** True if the work ends when its caller is gone. */
    readonly linked: boolean,
    /** True if `retry` and `idempotent` would repeat the call, but are not set. */
    readonly repeatable = false,
  ) {
    super();
  }
}

/**
 * The state of a runner.
 *
 * - `booting`: its machine is booting, or has not attached yet.
 * - `ready`: it takes calls.
 * - `leaving`: it takes no new calls, and stops when its work is done.
 * - `stopping`: it was told to end, or it is lost, and the platform has not confirmed yet that it is gone.
 */
export type RunnerState = 'booting' | 'ready' | 'leaving' | 'stopping';

/** A deadline of a runner. */
export class RunnerDeadline extends Timed {
  constructor(
    readonly timer: 'boot' | 'idle' | 'lifetime' | 'runner-drain',
    readonly runner: PoolRunner,
  ) {
    super();
  }
}

/** A runner in the pool's state. Only the machine writes to it. */
export class PoolRunner implements HeapItem {
  state: RunnerState = 'booting';
  heapIndex = -1;
  /** Its free slots when `ReadyRunners` last counted them. */
  counted = 0;
  /** The calls that hold its slots. `stuck` of them ignored their abort. */
  readonly calls = new IdMap<PoolCall>();
  stuck = 0;
  /** Calls passed to it so far. */
  served = 0;
  /** When it attached; -1 before that. */
  upAt = -1;
  /** How much of the app's code its machine has got so far; undefined if it fetches none. */
  shipped: { readonly sent: number; readonly total: number } | undefined;
  /** The connection is cut and may come back. Meanwhile the runner gets no new calls. */
  suspended = false;
  /** The runner was asked whether it may stop, and has not answered. */
  asked = false;
  /** When it last became idle, and when it last became busy after being idle. */
  idleSince = 0;
  busySince = 0;
  /** Milliseconds with work, up to the last time it became idle. */
  used = 0;
  /** Why it leaves, for logs and errors. */
  reason = '';
  readonly boot = new RunnerDeadline('boot', this);
  readonly idle = new RunnerDeadline('idle', this);
  readonly lifetime = new RunnerDeadline('lifetime', this);
  /** The time at which the calls that still run on a drained runner are aborted. */
  readonly drainEnd = new RunnerDeadline('runner-drain', this);

  constructor(
    readonly id: string,
    /** Counts up. If two runners have the same load, the older one gets the call. */
    readonly number: number,
    readonly slots: number,
    /** The runner ends after its first call. */
    readonly singleUse: boolean,
    readonly bootingSince: number,
  ) {}

  get load(): number {
    return this.calls.size;
  }

  /** Free slots for new calls. */
  get free(): number {
    if (this.state !== 'ready' || this.suspended) return 0;
    if (this.singleUse) return this.served === 0 ? 1 : 0;
    return this.slots - this.calls.size;
  }

  describe(now: number): RunnerLoad {
    return { id: this.id, load: this.load, maxConcurrency: this.slots, age: now - this.upAt };
  }
}
