/** Whatever `for await` takes. */
export type Items<T> = Iterable<T | PromiseLike<T>> | AsyncIterable<T>;

/** Reads a source item by item, as `for await` does. The source is opened at the first `next`. */
export class ItemSource<T> {
  readonly #items: Items<T>;
  #iterator: Iterator<T | PromiseLike<T>> | AsyncIterator<T> | undefined;
  /** Whether the source is about to give an item. */
  #asked = false;
  #over = false;

  constructor(items: Items<T>) {
    this.#items = items;
  }

  /** Call it again only when the last one has settled. Rejects with the source's own error. */
  async next(): Promise<IteratorResult<T, undefined>> {
    const iterator = (this.#iterator ??= open(this.#items));
    let result: IteratorResult<T | PromiseLike<T>, unknown>;
    this.#asked = true;
    try {
      result = await iterator.next();
    } catch (error) {
      this.#over = true;
      throw error;
    } finally {
      this.#asked = false;
    }
    if (!result.done) return { done: false, value: await result.value };
    this.#over = true;
    return { done: true, value: undefined };
  }

  /**
   * Ends the source early, with its `return()`. Rejects with the error of that. Resolves when the source has cleaned up, or at once if the
   * source is about to give an item: an item that never comes must not hold anybody up.
   */
  async leave(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    const ending = Promise.resolve(this.#iterator?.return?.());
    if (!this.#asked) await ending;
    // Nobody is left to take the error.
    else ending.catch(() => undefined);
  }
}

function open<T>(items: Items<T>): Iterator<T | PromiseLike<T>> | AsyncIterator<T> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
}
