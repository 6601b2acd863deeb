/**
 * How many items a producer may be ahead of its consumer. When a consumer stops reading, its producer stops after at most this many items,
 * however many processes are between them.
 */
export const windowItems = 16;

/** The same limit in bytes. A producer that is ahead by this much sends no further item, so large items are held back sooner. */
export const windowBytes = 1024 * 1024;

/** The producer's side of one stream's flow control: how much it may send. */
export class SendWindow {
  #items = 0;
  #bytes = 0;
  /** The sizes of the items that the consumer has not taken, oldest first. */
  readonly #ahead: number[] = [];
  #opened = false;

  get open(): boolean {
    return this.#items > 0 && this.#bytes < windowBytes;
  }

  /** Whether the consumer has granted anything yet. */
  get opened(): boolean {
    return this.#opened;
  }

  sent(size: number): void {
    this.#items -= 1;
    this.#ahead.push(size);
    this.#bytes += size;
  }

  /**
   * Grants `count` more items, up to one window. The first grant opens the stream. Each later grant also confirms that the consumer took as
   * many items.
   */
  grant(count: number): void {
    const taken = this.#opened ? Math.min(count, this.#ahead.length) : 0;
    for (let i = 0; i < taken; i++) this.#bytes -= this.#ahead.shift()!;
    this.#opened = true;
    this.#items = Math.min(windowItems, this.#items + count);
  }
}

/**
 * The consumer's side of the flow control: the credit that it owes the producer for items taken. It grants half a window at a time, so that
 * few grants are needed and the producer does not have to wait for them.
 */
export class ReceiveWindow {
  #items = 0;
  #bytes = 0;

  /** Counts an item as taken. @returns how many to grant now, mostly 0. */
  taken(size: number): number {
    this.#items += 1;
    this.#bytes += size;
    if (this.#items < windowItems / 2 && this.#bytes < windowBytes / 2) return 0;
    const items = this.#items;
    this.#items = this.#bytes = 0;
    return items;
  }
}
