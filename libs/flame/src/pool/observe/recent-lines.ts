/** So much is shown of a line: a crash in a bundled app quotes a line of megabytes. */
const shownOfLine = 500;

/** The last lines that a machine printed: what a failed boot shows. */
export class RecentLines {
  readonly #lines: string[] = [];
  readonly #keep: number;

  constructor(keep = 20) {
    this.#keep = keep;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  add(line: string): void {
    this.#lines.push(line.length > shownOfLine ? `${line.slice(0, shownOfLine)}… (${line.length} characters)` : line);
    if (this.#lines.length > this.#keep) this.#lines.shift();
  }
}
