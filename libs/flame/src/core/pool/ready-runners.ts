import type { RunnerChoice } from '../options/runner-choice.js';
import { Heap } from './heap.js';
import type { PoolRunner } from './entries.js';

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
