/** The most characters of a line that are shown. A crash in a bundled app can quote a line of megabytes. */
const shownOfLine = 500;

/** The last output lines of a machine, for the error of a failed boot. */
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
