import { Heap } from './heap.js';

/** An item with a deadline, in at most one `Deadlines`. Only `Deadlines` writes its links and indexes. */
export class Timed {
  /** When its time is up. A change must be followed by `put`. */
  at = Infinity;
  /** A debugger delayed the item when it was due. Its time limit starts again when the debugger is gone. */
  held = false;
  heapIndex = -1;
  /** Its lane, -1 if it is in none, and its neighbours in the lane. */
  lane = -1;
  earlier: Timed | undefined = undefined;
  later: Timed | undefined = undefined;
}

/** Up to this many different durations cost as little as one. */
const laneCount = 4;

/**
 * Deadlines, with the earliest on top.
 *
 * Most deadlines are set to now plus one of a few durations, so for each duration they arrive in order. They go into lanes: sorted lists in
 * which `put` and `remove` have a constant cost. A deadline that fits into no lane goes into a heap.
 *
 * Gain (Node 26, CPU time of a call at 256 callers): a heap alone takes 1.1 to 1.2 times as much with LocalBackend, and 1.05 times with
 * ProcessBackend.
 */
export class Deadlines<T extends Timed> {
  readonly #first = new Array<T | undefined>(laneCount).fill(undefined);
  readonly #last = new Array<T | undefined>(laneCount).fill(undefined);
  readonly #heap = new Heap<T>((a, b) => a.at < b.at);

  /** The earliest item; undefined if there is none. */
  get top(): T | undefined {
    let top = this.#heap.top;
    for (const first of this.#first) if (first !== undefined && (top === undefined || first.at < top.at)) top = first;
    return top;
  }

  /** Adds an item, or moves it to its new place after its time has changed. */
  put(item: T): void {
    this.remove(item);
    const lane = this.#laneFor(item.at);
    if (lane < 0) return this.#heap.put(item);
    const last = this.#last[lane];
    item.lane = lane;
    item.earlier = last;
    if (last === undefined) this.#first[lane] = item;
    else last.later = item;
    this.#last[lane] = item;
  }

  /** Removes an item. Has no effect if it is not in. */
  remove(item: T): void {
    const { lane, earlier, later } = item;
    if (lane < 0) return this.#heap.remove(item);
    if (earlier === undefined) this.#first[lane] = later as T | undefined;
    else earlier.later = later;
    if (later === undefined) this.#last[lane] = earlier as T | undefined;
    else later.earlier = earlier;
    item.lane = -1;
    item.earlier = item.later = undefined;
  }

  /**
   * The lane whose last deadline is the closest one before `at`. If there is none, an empty lane, so that short durations do not share a
   * lane with long ones.
   */
  #laneFor(at: number): number {
    let best = -1;
    let closest = -Infinity;
    for (let lane = 0; lane < laneCount; lane++) {
      const last = this.#last[lane];
      if (last === undefined) {
        if (best < 0) best = lane;
      } else if (last.at <= at && last.at > closest) {
        best = lane;
        closest = last.at;
      }
    }
    return best;
  }
}
