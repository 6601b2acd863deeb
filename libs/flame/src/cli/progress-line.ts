/** One line of a terminal that says how far a command is. Nothing where the output is no terminal. */
export class ProgressLine {
  readonly #out: NodeJS.WriteStream;
  readonly #every: number;
  #shown = 0;

  constructor(out: NodeJS.WriteStream, every = 100) {
    this.#out = out;
    this.#every = every;
  }

  /** Shows the text, at most each tenth of a second. */
  show(text: string, now = performance.now()): void {
    if (!this.#out.isTTY || now - this.#shown < this.#every) return;
    this.#shown = now;
    this.#out.write(`\r\x1b[K${text.slice(0, (this.#out.columns || 80) - 1)}`);
  }

  clear(): void {
    if (this.#shown > 0) this.#out.write('\r\x1b[K');
  }
}
