/** A planned event. `action` is undefined when the event has run or was cancelled. */
export interface ScheduledEvent {
  readonly at: number;
  readonly order: number;
  action: (() => void) | undefined;
}

/**
 * The time of a simulated world, and its planned events in order. Only `next` runs an event. Everything that follows from it without a timer
 * (promises, ticks, immediates) ends before the next event, so a world is the same in each run.
 */
export class Timeline {
  now = 0;
  /** The number of events so far. */
  steps = 0;
  readonly #heap: ScheduledEvent[] = [];
  readonly #afterSteps = new Set<{ readonly step: number; readonly action: () => void }>();
  #order = 0;

  /** Plans an event. The returned function cancels it. */
  at(at: number, action: () => void): () => void {
    const event: ScheduledEvent = { at: Math.max(at, this.now), order: ++this.#order, action };
    this.#push(event);
    return () => (event.action = undefined);
  }

  /** Plans an action for the moment after `steps` more events. */
  afterSteps(steps: number, action: () => void): void {
    this.#afterSteps.add({ step: this.steps + steps, action });
  }

  /** Runs the next event, if it is due by `until`. Returns false if there is none. */
  async next(until: number): Promise<boolean> {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > until) {
        this.now = Math.max(this.now, until);
        return false;
      }
      this.#pop();
      const { action } = first;
      if (action === undefined) continue;
      this.now = first.at;
      this.steps += 1;
      first.action = undefined;
      action();
      await turn();
      for (const due of this.#afterSteps) {
        if (due.step > this.steps) continue;
        this.#afterSteps.delete(due);
        due.action();
        await turn();
      }
      return true;
    }
  }

  #push(item: ScheduledEvent): void {
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

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Resolves after all pending microtasks and immediates. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
