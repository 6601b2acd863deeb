/** Text that was added, or a part of the code given, with what is added inside of it. */
export type Piece = string | { readonly start: number; readonly end: number };

/** A stretch of output: from `from` on it is the code given, or it was added. */
export interface Chunk {
  readonly text: string;
  readonly from?: number;
}

/** Text to add to code; nothing of the code is removed or moved. A part may be written twice, with what was added to it. */
export class Output {
  readonly #added: { at: number; pieces: Piece[] }[] = [];

  constructor(readonly code: string) {}

  /** What is added at one place stands in the order of these calls. */
  add(at: number, ...pieces: Piece[]): void {
    this.#added.push({ at, pieces });
  }

  render(): Chunk[] {
    this.#added.sort((one, other) => one.at - other.at);
    return [...this.#render(0, this.code.length, true)];
  }

  *#render(start: number, end: number, whole = false): Generator<Chunk> {
    let from = start;
    for (const { at, pieces } of this.#added) {
      // What stands at the ends of a copied part was added around it.
      if (whole ? at < start || at > end : at <= start || at >= end) continue;
      if (at > from) yield { text: this.code.slice(from, at), from };
      from = at;
      for (const piece of pieces) {
        if (typeof piece === 'string') yield { text: piece };
        else yield* this.#render(piece.start, piece.end);
      }
    }
    if (from < end) yield { text: this.code.slice(from, end), from };
  }
}
