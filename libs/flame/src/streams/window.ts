/**
 * Items that a producer may be ahead of its consumer. A consumer that stops reading stops the producer within as many, however many
 * processes lie between them.
 */
export const windowItems = 16;

/** The same in bytes: a producer that is ahead by as much sends no further item, so large items are held back sooner. */
export const windowBytes = 1024 * 1024;

/** The producer's book of one stream: what it may send. */
export class SendWindow {
  #items = 0;
  #bytes = 0;
  /** The sizes of the items that the consumer has not taken, oldest first. */
  readonly #ahead: number[] = [];
  #opened = false;

  get open(): boolean {
    return this.#items > 0 && this.#bytes < windowBytes;
  }

  /** Whether the consumer has asked for anything yet. */
  get opened(): boolean {
    return this.#opened;
  }

  sent(size: number): void {
    this.#items -= 1;
    this.#ahead.push(size);
    this.#bytes += size;
  }

  /**
   * The consumer takes `count` more: the first grant opens the stream, each later one says that as many were taken. Never more than a
   * window.
   */
  grant(count: number): void {
    const taken = this.#opened ? Math.min(count, this.#ahead.length) : 0;
    for (let i = 0; i < taken; i++) this.#bytes -= this.#ahead.shift()!;
    this.#opened = true;
    this.#items = Math.min(windowItems, this.#items + count);
  }
}

/**
 * The consumer's book: what it owes the producer for items taken. Grants go out in halves of the window, so that few are needed and none is
 * missed.
 */
export class ReceiveWindow {
  #items = 0;
  #bytes = 0;

  /** Books an item as taken. @returns how many to grant now, mostly 0. */
  taken(size: number): number {
    this.#items += 1;
    this.#bytes += size;
    if (this.#items < windowItems / 2 && this.#bytes < windowBytes / 2) return 0;
    const items = this.#items;
    this.#items = this.#bytes = 0;
    return items;
  }
}
