/** An item of a queue. It holds its own links, so that it can leave from any place in O(1). */
export interface QueueItem<T> {
  ahead: T | undefined;
  behind: T | undefined;
}

/** The calls that wait for a slot, first come first served. Every operation is O(1), including a removal from the middle. */
export class WaitQueue<T extends QueueItem<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#first;
  }

  /** From the first to the last. No item may join or leave during the iteration. */
  *items(): Generator<T> {
    for (let item = this.#first; item; item = item.behind) yield item;
  }

  /** Adds an item at the end. */
  join(item: T): void {
    item.ahead = this.#last;
    item.behind = undefined;
    if (this.#last) this.#last.behind = item;
    else this.#first = item;
    this.#last = item;
    this.#size += 1;
  }

  /** Adds an item at the front. It is for a call that a leaving runner sent back: this call has waited before. */
  rejoin(item: T): void {
    item.ahead = undefined;
    item.behind = this.#first;
    if (this.#first) this.#first.ahead = item;
    else this.#last = item;
    this.#first = item;
    this.#size += 1;
  }

  /** Removes an item from any place. The item must be in the queue. */
  leave(item: T): void {
    if (item.ahead) item.ahead.behind = item.behind;
    else this.#first = item.behind;
    if (item.behind) item.behind.ahead = item.ahead;
    else this.#last = item.ahead;
    item.ahead = undefined;
    item.behind = undefined;
    this.#size -= 1;
  }
}
