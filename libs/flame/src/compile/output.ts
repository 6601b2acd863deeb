/** A text to add, or a part of the given code to repeat, with the text that is added inside of that part. */
export type Piece = string | { readonly start: number; readonly end: number };

/** A part of the output. `from` is its offset in the given code; added text has none. */
export interface Chunk {
  readonly text: string;
  readonly from?: number;
}

/** Collects text to add to the given code. Nothing of that code is removed or moved, but parts of it may be repeated. */
export class Output {
  readonly #added: { at: number; pieces: Piece[] }[] = [];

  constructor(readonly code: string) {}

  /** Texts at one offset come in the order of the calls. */
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
      // Text that is added at an end of a repeated part belongs to the code around that part.
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
