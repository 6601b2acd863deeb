import type { RunnerChoice } from '../options/runner-choice.js';
import { Heap } from './heap.js';
import type { PoolRunner } from './entries.js';

/** Of two equally loaded runners the older one: so the youngest fall idle first. */
const older = (a: PoolRunner, b: PoolRunner): boolean => a.number < b.number;
const spread = (a: PoolRunner, b: PoolRunner): boolean => (a.load === b.load ? older(a, b) : a.load < b.load);
const pack = (a: PoolRunner, b: PoolRunner): boolean => (a.load === b.load ? older(a, b) : a.load > b.load);

/**
 * The runners with room, in the order of the pool's strategy. Taking the best one and putting one back are O(log n); a strategy
 * function of the app's own looks at all of them.
 */
export class ReadyRunners {
  readonly #choice: RunnerChoice;
  readonly #heap: Heap<PoolRunner>;
  #free = 0;

  constructor(choice: RunnerChoice) {
    this.#choice = choice;
    this.#heap = new Heap(choice === 'pack' ? pack : spread);
  }

  /** Free slots of all runners together. */
  get free(): number {
    return this.#free;
  }

  /** Looks at a runner again after anything about it has changed. */
  update(runner: PoolRunner): void {
    const free = runner.free;
    this.#free += free - runner.counted;
    runner.counted = free;
    if (free > 0) this.#heap.put(runner);
    else this.#heap.remove(runner);
  }

  /** The runner that the next call goes to, or undefined when none has room. */
  pick(now: number): PoolRunner | undefined {
    if (typeof this.#choice !== 'function' || this.#heap.size === 0) return this.#heap.top;
    const choice = this.#choice(this.#heap.items.map((runner) => runner.describe(now)));
    return this.#heap.items.find((runner) => runner.id === choice) ?? this.#heap.top;
  }
}
