/** An item of a heap. It stores its own index, so that it can be moved or removed in O(log n). */
export interface HeapItem {
  /** The index of the item in its heap; -1 if it is in none. Only the heap writes it. */
  heapIndex: number;
}

/** A binary heap that removes or reorders any item in O(log n). The smallest item by `before` is on top. */
export class Heap<T extends HeapItem> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The smallest item; undefined if there is none. */
  get top(): T | undefined {
    return this.#items[0];
  }

  /** All items, in no particular order. */
  get items(): readonly T[] {
    return this.#items;
  }

  has(item: T): boolean {
    // A negative index would be a slow lookup by name.
    return item.heapIndex >= 0 && this.#items[item.heapIndex] === item;
  }

  /** Adds an item, or moves it to its new place after its order has changed. */
  put(item: T): void {
    if (!this.has(item)) this.#set(this.#items.length, item);
    this.#sink(this.#rise(item.heapIndex));
  }

  /** Removes an item. Has no effect if it is not in. */
  remove(item: T): void {
    if (!this.has(item)) return;
    const index = item.heapIndex;
    const last = this.#items.pop()!;
    item.heapIndex = -1;
    if (last === item) return;
    this.#set(index, last);
    this.#sink(this.#rise(index));
  }

  #set(index: number, item: T): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }

  #rise(start: number): number {
    let index = start;
    const item = this.#items[index]!;
    while (index > 0) {
      const up = (index - 1) >> 1;
      const above = this.#items[up]!;
      if (!this.#before(item, above)) break;
      this.#set(index, above);
      index = up;
    }
    this.#set(index, item);
    return index;
  }

  #sink(start: number): void {
    let index = start;
    const item = this.#items[index]!;
    const size = this.#items.length;
    for (;;) {
      let down = 2 * index + 1;
      if (down >= size) break;
      if (down + 1 < size && this.#before(this.#items[down + 1]!, this.#items[down]!)) down += 1;
      const below = this.#items[down]!;
      if (!this.#before(below, item)) break;
      this.#set(index, below);
      index = down;
    }
    this.#set(index, item);
  }
}
