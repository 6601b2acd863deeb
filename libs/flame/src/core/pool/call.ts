import type { HeapItem } from './heap.js';
import type { QueueItem } from './wait-queue.js';
import type { PoolRunner } from './runner.js';

/**
 * Where a call is. `running`: its caller waits for it. `ending`: its caller has been answered with an error, the runner
 * has yet to confirm its end; `stuck`: it has not done so within a grace second. `streaming`: its caller has its streams, and waits for what they
 * bring. `held`: its caller has been answered, its work, child or resources stay on the runner. `over`: it holds nothing.
 */
export type CallState = 'new' | 'waiting' | 'running' | 'streaming' | 'ending' | 'stuck' | 'held' | 'over';

/**
 * A call in the pool's books: what the machine knows of it. The pool's shell extends it with the caller's promise and the encoded
 * arguments. Only the machine writes its fields after it was handed over.
 */
export class PoolCall implements HeapItem, QueueItem<PoolCall> {
  state: CallState = 'new';
  runner: PoolRunner | undefined;
  /** When it came, and when it was handed to a runner. */
  cameAt = 0;
  ranAt = 0;
  /** When the clock that ticks now runs out; `heapIndex` is its place among the pool's deadlines. */
  at = Infinity;
  heapIndex = -1;
  readonly due = 'call';
  ahead: PoolCall | undefined;
  behind: PoolCall | undefined;

  constructor(
    readonly id: number,
    /** The handler's name, for people. */
    readonly label: string,
    /** The four clocks, in milliseconds: how long it may wait (a boot included), how long it may run … */
    readonly waitLimit: number,
    readonly runLimit: number,
    /** … and how long both together. */
    readonly overallLimit: number,
    /** Whether the work ends when its caller goes. */
    readonly linked: boolean,
  ) {}
}
