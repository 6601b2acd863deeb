/** A terminal's second screen, drawn over in place. It takes the terminal, and gives it back as it was. */
export class LiveScreen {
  readonly #out: NodeJS.WriteStream;
  readonly #in: NodeJS.ReadStream;
  readonly #quit: () => void;
  #lines: readonly string[] = [];

  /** `quit` is called when the person at the keyboard wants to leave. */
  constructor(quit: () => void, out: NodeJS.WriteStream = process.stdout, input: NodeJS.ReadStream = process.stdin) {
    this.#out = out;
    this.#in = input;
    this.#quit = quit;
    out.write('\x1b[?1049h\x1b[?25l');
    if (!input.isTTY) return;
    input.setRawMode(true);
    input.on('data', this.#key);
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.#out.columns || 80, rows: this.#out.rows || 24 };
  }

  /** Writes what has changed only, each line to its end: nothing flickers. */
  draw(lines: readonly string[]): void {
    const changed = lines.map((line, row) => (line === this.#lines[row] ? '' : `\x1b[${row + 1};1H${line}\x1b[K`));
    // Below the last row there is nothing to clear: the cursor would stay on that row, and take it away.
    const rest = lines.length < this.size.rows ? `\x1b[${lines.length + 1};1H\x1b[J` : '';
    this.#out.write(`${changed.join('')}${rest}`);
    this.#lines = lines;
  }

  /** The window has another size: all of it is drawn anew. */
  clear(): void {
    this.#lines = [];
    this.#out.write('\x1b[2J');
  }

  close(): void {
    this.#out.write('\x1b[?25h\x1b[?1049l');
    if (!this.#in.isTTY) return;
    this.#in.off('data', this.#key);
    this.#in.setRawMode(false);
    this.#in.pause();
  }

  readonly #key = (data: Buffer): void => {
    if (['q', 'Q', '\x03', '\x1b'].includes(data.toString())) this.#quit();
  };
}
