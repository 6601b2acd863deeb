import { IdMap } from '../session/id-map.js';
import { Timed } from './deadlines.js';
import type { HeapItem } from './heap.js';
import type { RunnerLoad } from '../options/runner-choice.js';
import type { QueueItem } from './wait-queue.js';

/**
 * The state of a call. `running`: its caller waits for it. `ending`: its caller has been answered with an error, the runner has yet to
 * confirm its end; `stuck`: it has not done so within a grace second. `streaming`: its caller has its streams, and waits for what they
 * bring. `held`: its caller has been answered, its work, child or resources stay on the runner. `over`: it holds nothing.
 */
export type CallState = 'new' | 'waiting' | 'running' | 'streaming' | 'ending' | 'stuck' | 'held' | 'over';

/**
 * A call of the pool: what the machine knows of it. The pool's shell extends it with the caller's promise and the encoded
 * arguments. Only the machine writes its fields after it was handed over; `at` is when the clock that ticks now runs out.
 */
export class PoolCall extends Timed implements QueueItem<PoolCall> {
  state: CallState = 'new';
  runner: PoolRunner | undefined;
  /** When it came, and when it was handed to a runner. */
  cameAt = 0;
  ranAt = 0;
  readonly due = 'call';
  ahead: PoolCall | undefined;
  behind: PoolCall | undefined;

  constructor(
    readonly id: number,
    /** The handler's name, for people. */
    readonly label: string,
    /** How long it may wait, a boot included; how long its handler may run; and both together. In milliseconds, Infinity for no limit. */
    readonly queueTimeout: number,
    readonly handlerTimeout: number,
    readonly timeout: number,
    /** Whether the work ends when its caller goes. */
    readonly linked: boolean,
  ) {
    super();
  }
}

/**
 * The state of a runner. `booting`: a machine is being made, or has yet to attach. `ready`: it takes calls. `leaving`: it takes no
 * new ones and stops when its work is done. `stopping`: told to end, or lost, and not yet confirmed gone.
 */
export type RunnerState = 'booting' | 'ready' | 'leaving' | 'stopping';

/** One clock of a runner, among the pool's deadlines. */
export class RunnerDeadline extends Timed {
  constructor(
    readonly due: 'boot' | 'idle' | 'lifetime' | 'runner-drain',
    readonly runner: PoolRunner,
  ) {
    super();
  }
}

/** A runner in the pool's state. Only the machine writes it. */
export class PoolRunner implements HeapItem {
  state: RunnerState = 'booting';
  heapIndex = -1;
  /** Its free slots, as `ReadyRunners` has counted them. */
  counted = 0;
  /** The work that holds its slots; `stuck` of it ignored its abort. */
  readonly calls = new IdMap<PoolCall>();
  stuck = 0;
  /** Calls handed to it so far. */
  served = 0;
  /** When it attached; -1 before. */
  upAt = -1;
  /** Its connection is cut and may come back: it gets no new calls meanwhile. */
  suspended = false;
  /** The runner was asked whether it may stop, and has not answered. */
  asked = false;
  /** When it last ran out of work, and last got some after that. */
  idleSince = 0;
  busySince = 0;
  /** Milliseconds in which it had work, up to when it last ran out of it. */
  used = 0;
  /** Why it leaves, for people. */
  reason = '';
  readonly boot = new RunnerDeadline('boot', this);
  readonly idle = new RunnerDeadline('idle', this);
  readonly lifetime = new RunnerDeadline('lifetime', this);
  /** When what still runs on a drained runner is aborted. */
  readonly drainEnd = new RunnerDeadline('runner-drain', this);

  constructor(
    readonly id: string,
    /** Counts up. Of two equally loaded runners the older one is taken. */
    readonly number: number,
    readonly slots: number,
    /** It ends after its first call. */
    readonly singleUse: boolean,
    readonly bootingSince: number,
  ) {}

  get load(): number {
    return this.calls.size;
  }

  /** Slots that a new call could take now. */
  get free(): number {
    if (this.state !== 'ready' || this.suspended) return 0;
    if (this.singleUse) return this.served === 0 ? 1 : 0;
    return this.slots - this.calls.size;
  }

  describe(now: number): RunnerLoad {
    return { id: this.id, load: this.load, maxConcurrency: this.slots, age: now - this.upAt };
  }
}
