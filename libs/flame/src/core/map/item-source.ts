import { isThenable } from '../is-thenable.js';

/** Whatever `for await` takes. */
export type Items<T> = Iterable<T | PromiseLike<T>> | AsyncIterable<T>;

type Next<T> = IteratorResult<T, undefined>;
type Given<T> = IteratorResult<T | PromiseLike<T>, unknown>;

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

  /**
   * The next item: at once if the source has it, as an array does. Call it again only when the last item has come. Throws or rejects with
   * the source's own error.
   */
  next(): Next<T> | Promise<Next<T>> {
    const iterator = (this.#iterator ??= open(this.#items));
    let result: Given<T> | PromiseLike<Given<T>>;
    try {
      result = iterator.next();
    } catch (error) {
      this.#over = true;
      throw error;
    }
    return isThenable(result) ? this.#later(result) : this.#given(result);
  }

  async #later(asked: PromiseLike<Given<T>>): Promise<Next<T>> {
    let result: Given<T>;
    this.#asked = true;
    try {
      result = await asked;
    } catch (error) {
      this.#over = true;
      throw error;
    } finally {
      this.#asked = false;
    }
    return this.#given(result);
  }

  #given({ done, value }: Given<T>): Next<T> | Promise<Next<T>> {
    if (!done) return isThenable(value) ? itemOf(value as PromiseLike<T>) : { done: false, value: value as T };
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

async function itemOf<T>(value: PromiseLike<T>): Promise<Next<T>> {
  return { done: false, value: await value };
}
