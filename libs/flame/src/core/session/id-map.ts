/**
 * What is under way, by number: few at a time, very many in a row. A `Map` makes a new table every so many deletions, and V8 keeps each
 * dead table's entries until a full collection, because the table before it, dead and old, points to it; calls would grow old with them. A small one makes a
 * new table with each deletion that leaves it empty, among the old objects, which makes V8 collect all of them sooner. Here
 * nothing is made unless more is under way than ever before.
 *
 * Open addressing with linear probing; a removal moves what follows it back (Knuth, TAOCP 3, 6.4, algorithm R). Numbers are scattered: those in a row
 * would lie in a row, all of which the removal of the first had to look at.
 */
export class IdMap<T> {
  #ids: number[] = new Array<number>(2).fill(0);
  #values: (T | undefined)[] = new Array<T | undefined>(2).fill(undefined);
  #size = 0;
  /** What leaves as many bits of 32 as number the places. */
  #shift = 31;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    // Of a thousand, most of which are empty, no more is touched.
    if (this.#size === 0) return undefined;
    return this.#values[this.#find(id)];
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  set(id: number, value: T): void {
    if (this.#size * 2 >= this.#ids.length) this.#grow();
    const at = this.#find(id);
    if (this.#values[at] === undefined) this.#size++;
    this.#ids[at] = id;
    this.#values[at] = value;
  }

  delete(id: number): void {
    let hole = this.#find(id);
    if (this.#values[hole] === undefined) return;
    this.#size--;
    const mask = this.#ids.length - 1;
    for (let at = (hole + 1) & mask; this.#values[at] !== undefined; at = (at + 1) & mask) {
      const home = this.#home(this.#ids[at]!);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.#ids[hole] = this.#ids[at]!;
      this.#values[hole] = this.#values[at];
      hole = at;
    }
    this.#values[hole] = undefined;
  }

  /** The numbers of those that are there now, in order; later changes are not seen. */
  ids(): number[] {
    return this.#ids.filter((_, at) => this.#values[at] !== undefined).sort((a, b) => a - b);
  }

  /** Those that are there now, by their numbers; later changes are not seen. */
  values(): T[] {
    return this.ids().map((id) => this.get(id)!);
  }

  /** Where the id is, or would be. */
  #find(id: number): number {
    const mask = this.#ids.length - 1;
    let at = this.#home(id);
    while (this.#values[at] !== undefined && this.#ids[at] !== id) at = (at + 1) & mask;
    return at;
  }

  /** Scattered by the golden ratio (TAOCP 3, 6.4). */
  #home(id: number): number {
    return Math.imul(id, 0x9e3779b1) >>> this.#shift;
  }

  #grow(): void {
    const ids = this.#ids;
    const values = this.#values;
    this.#ids = new Array<number>(ids.length * 2).fill(0);
    this.#values = new Array<T | undefined>(ids.length * 2).fill(undefined);
    this.#size = 0;
    this.#shift -= 1;
    values.forEach((value, at) => {
      if (value !== undefined) this.set(ids[at]!, value);
    });
  }
}
