import { Heap } from './heap.js';

/** What has a deadline, in at most one `Deadlines`, which alone writes all but `at`. */
export class Timed {
  /** When its time is up; changed only together with `put`. */
  at = Infinity;
  /** A debugger held up what it limits when it was due: it starts anew once there is none. */
  held = false;
  heapIndex = -1;
  /** Its lane, -1 outside of one, and its neighbours there. */
  lane = -1;
  earlier: Timed | undefined = undefined;
  later: Timed | undefined = undefined;
}

/** So many different durations are as cheap as one. */
const laneCount = 4;

/**
 * Deadlines, with the earliest on top. Most are set for now and the same time later, and so come in their order: they stand in lanes, where
 * putting and removing cost the same however many there are. What fits no lane goes into a heap.
 *
 * Gain (Node 26, CPU time of a call at 256 callers): with a heap alone 1.1 to 1.2 times as much with LocalBackend, 1.05 times with
 * ProcessBackend.
 */
export class Deadlines<T extends Timed> {
  readonly #first = new Array<T | undefined>(laneCount).fill(undefined);
  readonly #last = new Array<T | undefined>(laneCount).fill(undefined);
  readonly #heap = new Heap<T>((a, b) => a.at < b.at);

  /** The earliest one; undefined when there is none. */
  get top(): T | undefined {
    let top = this.#heap.top;
    for (const first of this.#first) if (first !== undefined && (top === undefined || first.at < top.at)) top = first;
    return top;
  }

  /** Puts one in, or in its right place again after its time has changed. */
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

  /** Takes one out; does nothing when it is not in. */
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
   * The lane whose end is closest before that time; an empty one where there is none, so that short times keep out of the way of long ones.
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
