/** Something that will happen, unless it is cancelled. */
export interface Happening {
  readonly at: number;
  readonly order: number;
  happen: (() => void) | undefined;
}

/**
 * The one time of a simulated world, and all that will happen in it, in order. Nothing happens but by `next`; everything that follows from it without
 * waiting (promises, ticks, immediates) is over before the next thing happens. So a world is the same each time.
 */
export class Timeline {
  now = 0;
  /** What has happened so far. */
  steps = 0;
  readonly #heap: Happening[] = [];
  readonly #afterSteps = new Set<{ readonly step: number; readonly happen: () => void }>();
  #order = 0;

  /** Plans something; the returned function cancels it. */
  at(at: number, happen: () => void): () => void {
    const happening: Happening = { at: Math.max(at, this.now), order: ++this.#order, happen };
    this.#push(happening);
    return () => (happening.happen = undefined);
  }

  /** Plans something for right after so many more things have happened. */
  afterSteps(steps: number, happen: () => void): void {
    this.#afterSteps.add({ step: this.steps + steps, happen });
  }

  /** Lets the next thing happen, if it is due by `until`. */
  async next(until: number): Promise<boolean> {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > until) {
        this.now = Math.max(this.now, until);
        return false;
      }
      this.#pop();
      const { happen } = first;
      if (happen === undefined) continue;
      this.now = first.at;
      this.steps += 1;
      first.happen = undefined;
      happen();
      await turn();
      for (const due of this.#afterSteps) {
        if (due.step > this.steps) continue;
        this.#afterSteps.delete(due);
        due.happen();
        await turn();
      }
      return true;
    }
  }

  #push(item: Happening): void {
    const heap = this.#heap;
    let index = heap.push(item) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!isBefore(item, heap[above]!)) break;
      heap[index] = heap[above]!;
      index = above;
    }
    heap[index] = item;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
      if (!isBefore(heap[below]!, last)) break;
      heap[index] = heap[below]!;
      index = below;
    }
    heap[index] = last;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Everything that waits for nothing but its turn has had it when this resolves. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
